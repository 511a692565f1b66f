import * as Menu from '@radix-ui/react-dropdown-menu'
import { useLook, useTools } from './context'
import { EyeIcon } from './icons'
import { HYDROGENS, LABELS, STYLES } from './viewing'

/** Style, hydrogens and labels of atoms. */
export function LookMenu() {
  const { viewing } = useTools().studio
  const look = useLook((l) => l)
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="icon-button floating" aria-label="How atoms look" title="How atoms look"><EyeIcon /></Menu.Trigger>
      <Menu.Portal>
        <Menu.Content className="menu" align="end" sideOffset={6} collisionPadding={8}>
          <Choice label="Style" value={look.style} options={STYLES} onChange={(style) => viewing.setState({ style })} />
          <Menu.Separator />
          <Choice label="Hydrogens" keys="H" value={look.hydrogens} options={HYDROGENS} onChange={(hydrogens) => viewing.setState({ hydrogens })} />
          <Menu.Separator />
          <Choice label="Labels" keys="L" value={look.labels} options={LABELS} onChange={(labels) => viewing.setState({ labels })} />
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  )
}

function Choice<T extends string>(props: { label: string; keys?: string; value: T; options: readonly { value: T; label: string }[]; onChange: (value: T) => void }) {
  const { label, keys, value, options, onChange } = props
  return (
    <Menu.RadioGroup value={value} onValueChange={(next) => onChange(next as T)} aria-label={label}>
      <Menu.Label className="menu-title">{label}{keys !== undefined && <kbd>{keys}</kbd>}</Menu.Label>
      {options.map((option) => (
        <Menu.RadioItem key={option.value} value={option.value} onSelect={(event) => event.preventDefault()}>{option.label}</Menu.RadioItem>
      ))}
    </Menu.RadioGroup>
  )
}
