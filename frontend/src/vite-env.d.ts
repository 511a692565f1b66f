/// <reference types="vite/client" />

declare module '3dmol/build/3Dmol.es6-min.js' {
  export function createViewer(host: HTMLElement, config: object): unknown
}

declare module '@fontsource-variable/inter'
