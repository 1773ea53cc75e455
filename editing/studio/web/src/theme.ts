// Colours, which the style sheet names once for light and once for dark.

const known = new Map<string, string>();
const light = matchMedia("(prefers-color-scheme: light)");

/** A colour of the style sheet by its name, as it is now. */
export function colour(name: string): string {
  let found = known.get(name);
  if (found === undefined) {
    found = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    known.set(name, found);
  }
  return found;
}

/** The colour of a role of a track. */
export function roleColour(role: string): string {
  return colour(`role-${role}`) || colour("text");
}

/** Call something when light becomes dark, or dark light. */
export function onTheme(changed: () => void): void {
  light.addEventListener("change", () => {
    known.clear();
    changed();
  });
}
