import type { Bond } from '../chemistry/bonds'

/** A scaffold's bonds for every molecule of a batch, whose first atoms the scaffold is. */
export function repeatBonds(bonds: readonly Bond[], ptr: readonly number[]): Bond[] {
  return ptr.slice(0, -1).flatMap((start) => bonds.map(([i, j, order]): Bond => [i + start, j + start, order]))
}
