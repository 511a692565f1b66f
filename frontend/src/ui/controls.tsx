import * as Tooltip from '@radix-ui/react-tooltip'
import { useEffect, useId, useRef, useState, type CSSProperties, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react'

/** A button that shows an icon, and says in words what it does. */
export function IconButton(props: {
  label: string
  keys?: string
  pressed?: boolean
  disabled?: boolean
  side?: 'top' | 'right' | 'bottom' | 'left'
  className?: string
  onClick: () => void
  children: ReactNode
}) {
  const { label, keys, pressed, disabled, side = 'bottom', className = '', onClick, children } = props
  return (
    <Hint label={label} side={side} {...(keys === undefined ? {} : { keys })}>
      <button type="button" className={`icon-button ${className}`} aria-label={label} aria-pressed={pressed} disabled={disabled} onClick={onClick}>
        {children}
      </button>
    </Hint>
  )
}

export function Hint({ label, keys, side, children }: { label: string; keys?: string; side: 'top' | 'right' | 'bottom' | 'left'; children: ReactNode }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tooltip" side={side} sideOffset={7} collisionPadding={8}>
          {label}
          {keys !== undefined && <kbd>{keys}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  )
}

/** One of a few choices, side by side. */
export function Segmented<T extends string>(props: {
  label: string
  value: T
  options: readonly { value: T; label: string; hint?: string; disabled?: boolean }[]
  onChange: (value: T) => void
}) {
  const { label, value, options, onChange } = props
  const move = (event: KeyboardEvent, from: number) => {
    const step = event.key === 'ArrowRight' || event.key === 'ArrowDown' ? 1 : event.key === 'ArrowLeft' || event.key === 'ArrowUp' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    event.stopPropagation()
    const next = options[(from + step + options.length) % options.length]
    if (next.disabled === true) return
    onChange(next.value)
    const buttons = event.currentTarget.parentElement?.querySelectorAll('button')
    buttons?.[(from + step + options.length) % options.length].focus()
  }
  return (
    <div className="segmented" role="radiogroup" aria-label={label}>
      {options.map((option, k) => (
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          title={option.hint}
          disabled={option.disabled}
          onClick={() => {
            if (option.value !== value) onChange(option.value) // a choice made again would begin anew
          }}
          onKeyDown={(event) => move(event, k)}
        >
          {option.label}
        </button>
      ))}
    </div>
  )
}

const tidy = (value: number, digits: number): string => value.toFixed(digits).replace(/^-(0(\.0+)?)$/, '$1')

/**
 * A number that can be typed, stepped with the arrow keys, or dragged by its name. With `onClear` the field may be empty, as it is for
 * a null `value`: it shows `whenEmpty` then, and arrow keys begin at `from`.
 */
export function NumberField(props: {
  label: string
  name?: ReactNode
  value: number | null
  min: number
  max: number
  step: number
  digits: number
  unit?: string
  from?: number
  whenEmpty?: string
  describedBy?: string
  onChange: (value: number) => void
  onClear?: () => void
}) {
  const { label, name, value, min, max, step, digits, unit, from = min, whenEmpty, describedBy, onChange, onClear } = props
  const id = useId()
  const [text, setText] = useState<string | null>(null)
  const clamp = (x: number): number => Math.min(max, Math.max(min, x))
  const offer = (x: number) => {
    const next = Number(clamp(x).toFixed(Math.max(digits, 6)))
    if (next !== value) onChange(next)
  }
  const keep = () => {
    if (text !== null) {
      const typed = Number(text.replace(',', '.'))
      if (text.trim() === '') {
        if (value !== null) onClear?.()
      } else if (Number.isFinite(typed)) offer(digits === 0 ? Math.round(typed) : typed)
    }
    setText(null)
  }
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    const direction = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0
    if (direction !== 0) {
      event.preventDefault()
      setText(null)
      offer(value === null ? from : Number((value + direction * step * (event.shiftKey ? 10 : 1)).toFixed(digits)))
    } else if (event.key === 'Enter') {
      keep()
      event.currentTarget.select()
    } else if (event.key === 'Escape') {
      setText(null)
      event.currentTarget.blur()
    }
  }
  return (
    <div className="number-field">
      {name !== undefined && <Scrub value={value ?? from} step={step} digits={digits} htmlFor={id} onChange={offer}>{name}</Scrub>}
      <input
        id={id}
        inputMode="decimal"
        autoComplete="off"
        aria-label={label}
        aria-describedby={describedBy}
        placeholder={whenEmpty}
        value={text ?? (value === null ? '' : tidy(value, digits))}
        onChange={(event) => setText(event.target.value)}
        onFocus={(event) => event.target.select()}
        onBlur={keep}
        onKeyDown={onKeyDown}
      />
      {unit !== undefined && <span className="unit" aria-hidden="true">{unit}</span>}
    </div>
  )
}

/** The name of a number; dragging it sideways changes the number. */
function Scrub(props: { value: number; step: number; digits: number; htmlFor: string; onChange: (value: number) => void; children: ReactNode }) {
  const { value, step, digits, htmlFor, onChange, children } = props
  const drag = useRef<{ x: number; value: number } | null>(null)
  const onPointerDown = (event: PointerEvent<HTMLLabelElement>) => {
    drag.current = { x: event.clientX, value }
    event.currentTarget.setPointerCapture(event.pointerId)
  }
  const onPointerMove = (event: PointerEvent<HTMLLabelElement>) => {
    if (drag.current === null) return
    const steps = Math.round((event.clientX - drag.current.x) / 4)
    if (steps !== 0) onChange(Number((drag.current.value + steps * step).toFixed(digits)))
  }
  return (
    <label htmlFor={htmlFor} className="scrub" onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={() => (drag.current = null)}>
      {children}
    </label>
  )
}

/** A range with its name before and its value behind. */
export function Slider(props: {
  label: string
  value: number
  min: number
  max: number
  step: number
  text: string
  onChange: (value: number) => void
}) {
  const { label, value, min, max, step, text, onChange } = props
  const share = ((value - min) / (max - min)) * 100
  return (
    <label className="slider">
      <span>{label}</span>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        style={{ '--share': `${share}%` } as CSSProperties}
        aria-valuetext={text}
        onChange={(event) => onChange(Number(event.target.value))}
      />
      <output>{text}</output>
    </label>
  )
}

/** A heading with its fields. */
export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  const id = useId()
  return (
    <section className="section" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}

/** Tells screen readers once a text has changed; a repeated text is told again. */
export function LiveRegion({ text }: { text: string }) {
  const [shown, setShown] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setShown(text), 60)
    return () => clearTimeout(timer)
  }, [text])
  return <div className="visually-hidden" role="status" aria-live="polite">{shown}</div>
}
