import '@fontsource-variable/inter'
import './ui/styles/index.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createStudio } from './studio'
import { testHandle } from './testing'
import { openShelf, type Shelf } from './document/shelf'
import { Actions } from './ui/actions'
import { App } from './ui/App'
import { ToolsContext } from './ui/context'
import { Filing, pointsSomewhere } from './ui/filing'
import { goOnAfterReload } from './ui/keeping/afterReload'
import { Keeper } from './ui/keeping/keeper'
import { Saving } from './ui/keeping/saving'
import { Safety } from './ui/Safety'
import { applyTheme, followSystem } from './ui/theme'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
// `?upscale=off` draws at the screen's own resolution: for machines that have to paint without graphics hardware.
const upscale = new URLSearchParams(location.search).get('upscale') !== 'off'
const studio = createStudio({ socketUrl: `${scheme}//${location.host}/ws`, upscale })
const actions = new Actions(studio)
const keeper = new Keeper(studio, actions, await shelf())
const filing = new Filing(studio, actions, keeper, new Saving(studio, keeper))
const tools = { studio, actions, filing }
applyTheme(studio.session.getState().theme)
followSystem(() => {
  applyTheme(studio.session.getState().theme)
  studio.stage.recolor()
})
window.__studio = testHandle(studio)
keeper.watch()
// What was open last is there before anything is shown; what an address points to comes from the service, and later.
if (!pointsSomewhere(location.hash)) await keeper.restore()
goOnAfterReload(studio, keeper, actions)
studio.socket.connect()
void filing.followAddress(location.hash)
window.addEventListener('hashchange', () => void filing.followAddress(location.hash))

createRoot(root).render(
  <StrictMode>
    <ToolsContext value={tools}>
      <Safety>
        <App />
      </Safety>
    </ToolsContext>
  </StrictMode>,
)

/** The browser's own database; null where there is none, or where it does not answer. */
async function shelf(): Promise<Shelf | null> {
  const patience = new Promise<null>((resolve) => setTimeout(() => resolve(null), 2_000))
  try {
    return await Promise.race([openShelf(), patience])
  } catch {
    return null
  }
}
