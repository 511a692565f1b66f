import '@fontsource-variable/inter'
import './ui/styles/index.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createStudio } from './studio'
import { testHandle } from './testing'
import { Actions } from './ui/actions'
import { App } from './ui/App'
import { ToolsContext } from './ui/context'
import { applyTheme, followSystem } from './ui/theme'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')

const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
// `?upscale=off` draws at the screen's own resolution: for machines that have to paint without graphics hardware.
const upscale = new URLSearchParams(location.search).get('upscale') !== 'off'
const studio = createStudio({ socketUrl: `${scheme}//${location.host}/ws`, upscale })
const tools = { studio, actions: new Actions(studio) }
applyTheme(studio.session.getState().theme)
followSystem(() => {
  applyTheme(studio.session.getState().theme)
  studio.stage.recolor()
})
window.__studio = testHandle(studio)
studio.socket.connect()

createRoot(root).render(
  <StrictMode>
    <ToolsContext value={tools}>
      <App />
    </ToolsContext>
  </StrictMode>,
)
