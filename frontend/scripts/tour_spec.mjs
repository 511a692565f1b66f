// Specs of the guided tour, exactly as the page sends them. Each line in is `{"leg": 0}` or `{"leg": 1, "candidate": …}`
// (what the leg before came to); each line out is `{"spec": …, "product": …}`. Run in frontend/.
import process from 'node:process'
import { createInterface } from 'node:readline'
import { createServer } from 'vite'

const server = await createServer({ server: { middlewareMode: true, ws: false, watch: null }, appType: 'custom', logLevel: 'error' })
const { LEGS, readyDesign, startDesign } = await server.ssrLoadModule('/src/ui/tour/route.ts')
const { toSpec } = await server.ssrLoadModule('/src/document/spec.ts')
const { scaffoldFrom } = await server.ssrLoadModule('/src/document/design.ts')

for await (const line of createInterface({ input: process.stdin })) {
  const { leg, candidate } = JSON.parse(line)
  const scaffold = candidate === undefined ? startDesign().scaffold : scaffoldFrom(candidate)
  process.stdout.write(`${JSON.stringify({ spec: toSpec(readyDesign(LEGS[leg], scaffold)), product: LEGS[leg].product })}\n`)
}
await server.close()
