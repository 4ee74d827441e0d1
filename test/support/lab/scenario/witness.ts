/**
 * Who watches a scenario: the demo prints what it hears, a test turns each check into an assertion. So a scenario is
 * written once, and a failed check does not hide those after it.
 */
export interface Witness {
  /** A step begins. */
  step(text: string): void;
  /** An event as it happened: a miss, a reply. */
  event(text: string): void;
  /** Something held, or did not; `found` helps to see why. */
  check(holds: boolean, text: string, found?: unknown): void;
}
