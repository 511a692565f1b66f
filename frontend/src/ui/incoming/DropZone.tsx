import { useEffect, useState } from 'react'
import { useTools } from '../context'

const TYPING = 'input, textarea, select, [contenteditable=true]'

/** Takes files that are dropped anywhere, and molecules that are pasted while nothing is typed into. */
export function DropZone() {
  const { filing } = useTools()
  const [over, setOver] = useState(false)
  useEffect(() => {
    let depth = 0
    const brings = (event: DragEvent) => event.dataTransfer?.types.some((t) => t === 'Files' || t === 'text/plain') === true
    const enter = (event: DragEvent) => {
      if (!brings(event)) return
      depth++
      setOver(true)
    }
    const leave = () => {
      depth = Math.max(0, depth - 1)
      if (depth === 0) setOver(false)
    }
    const move = (event: DragEvent) => {
      if (brings(event)) event.preventDefault()
    }
    const drop = (event: DragEvent) => {
      depth = 0
      setOver(false)
      if (!brings(event) || (event.target instanceof Element && event.target.closest(TYPING) !== null)) return
      event.preventDefault()
      const files = [...(event.dataTransfer?.files ?? [])]
      const text = event.dataTransfer?.getData('text/plain') ?? ''
      if (files.length > 0) void filing.takeFiles(files)
      else if (text.trim() !== '') void filing.take(text)
    }
    const paste = (event: ClipboardEvent) => {
      if (event.target instanceof Element && event.target.closest(TYPING) !== null) return
      const files = [...(event.clipboardData?.files ?? [])]
      const text = event.clipboardData?.getData('text/plain') ?? ''
      if (files.length === 0 && text.trim() === '') return
      event.preventDefault()
      if (files.length > 0 && !files[0].type.startsWith('image/')) void filing.takeFiles(files)
      else void filing.take(text)
    }
    window.addEventListener('dragenter', enter)
    window.addEventListener('dragleave', leave)
    window.addEventListener('dragover', move)
    window.addEventListener('drop', drop)
    window.addEventListener('paste', paste)
    return () => {
      window.removeEventListener('dragenter', enter)
      window.removeEventListener('dragleave', leave)
      window.removeEventListener('dragover', move)
      window.removeEventListener('drop', drop)
      window.removeEventListener('paste', paste)
    }
  }, [filing])
  return over ? <div className="drop-zone" aria-hidden="true"><p><b>Drop it here</b>SDF, MOL, XYZ, extXYZ, PDB, SMILES, or a design</p></div> : null
}
