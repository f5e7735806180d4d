import { type ClipboardEvent, type DragEvent, useRef, useState } from 'react'

/** Files of a drag or of the clipboard. A folder looks like an empty file and is left out. */
function filesOf(data: DataTransfer): File[] {
  const items = Array.from(data.items)
  if (items.length === 0) return Array.from(data.files)
  return items
    .filter((item) => item.kind === 'file' && !item.webkitGetAsEntry?.()?.isDirectory)
    .map((item) => item.getAsFile())
    .filter((file) => file !== null)
}

const hasFiles = (event: DragEvent): boolean => Array.from(event.dataTransfer.types).includes('Files')

type FileDrop = {
  /** Files are held over it now. */
  over: boolean
  /** For the element that takes them; pastes are taken from whatever has focus inside. */
  props: {
    onDragEnter: (event: DragEvent) => void
    onDragOver: (event: DragEvent) => void
    onDragLeave: (event: DragEvent) => void
    onDrop: (event: DragEvent) => void
    onPaste: (event: ClipboardEvent) => void
  }
}

/** Takes files that are dropped or pasted. Text that is dragged or pasted goes where it always goes. */
export function useFileDrop(onFiles: (files: File[]) => void, enabled = true): FileDrop {
  const [over, setOver] = useState(false)
  // Entering a child is told before leaving its parent: the difference says whether it is still inside.
  const depth = useRef(0)
  const end = () => {
    depth.current = 0
    setOver(false)
  }
  return {
    over,
    props: {
      onDragEnter: (event) => {
        if (!enabled || !hasFiles(event)) return
        event.preventDefault()
        depth.current += 1
        setOver(true)
      },
      onDragOver: (event) => {
        if (!hasFiles(event)) return
        // Also when nothing is taken: the browser would leave the page and open the file.
        event.preventDefault()
        event.dataTransfer.dropEffect = enabled ? 'copy' : 'none'
      },
      onDragLeave: (event) => {
        if (!enabled || !hasFiles(event)) return
        depth.current -= 1
        if (depth.current <= 0) end()
      },
      onDrop: (event) => {
        if (!hasFiles(event)) return
        event.preventDefault()
        end()
        const files = enabled ? filesOf(event.dataTransfer) : []
        if (files.length > 0) onFiles(files)
      },
      onPaste: (event) => {
        // A spreadsheet puts a picture of its cells beside their text; the text is meant.
        if (!enabled || event.clipboardData.types.includes('text/plain')) return
        const files = filesOf(event.clipboardData)
        if (files.length === 0) return
        event.preventDefault()
        onFiles(files)
      },
    },
  }
}
