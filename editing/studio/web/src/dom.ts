// Elements, made in a line.

type Attributes = Record<string, string | boolean | ((event: never) => unknown)>;

/** An element with attributes (those that are functions are listeners, by the name of the event) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value as (event: Event) => unknown);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** A button; its name is what is read aloud. */
export function button(name: string, press: () => unknown, more: Attributes = {}, face = name): HTMLButtonElement {
  return h("button", { type: "button", "aria-label": name, title: name, click: press, ...more }, face);
}

/** Put other children into an element; what had the keyboard has it again, by its name. */
export function refill(element: HTMLElement, ...children: (Node | string)[]): void {
  const active = element.contains(document.activeElement) ? document.activeElement?.getAttribute("aria-label") : null;
  element.replaceChildren(...children);
  if (active) element.querySelector<HTMLElement>(`[aria-label=${JSON.stringify(active)}]`)?.focus();
}

export interface Field {
  name: string;
  label: string;
  kind?: "text" | "number" | "long" | "choice";
  value?: string;
  choices?: string[];
}

/** A dialog with sentences and fields; what was typed, or null when it was left. */
export function askFor(title: string, fields: Field[], go: string, sentences: string[] = []): Promise<Record<string, string> | null> {
  return new Promise((resolve) => {
    const inputs = fields.map((field) => {
      const attributes = { name: field.name, "aria-label": field.label };
      if (field.kind === "long") return h("textarea", { ...attributes, rows: "6" }, field.value ?? "");
      if (field.kind !== "choice") return h("input", { ...attributes, type: field.kind ?? "text", value: field.value ?? "" });
      return h("select", attributes, ...(field.choices ?? []).map((one) => h("option", { value: one }, one)));
    });
    const rows = fields.map((field, i) => h("label", {}, field.label, inputs[i] as HTMLElement));
    const form: HTMLFormElement = h("form", { method: "dialog" }, h("h2", {}, title), ...sentences.map((one) => h("p", {}, one)), ...rows,
      h("div", { class: "buttons" }, button("Cancel", (): void => dialog.close()), h("button", { type: "submit", value: "go" }, go)));
    const dialog: HTMLDialogElement = h("dialog", { "aria-label": title }, form);
    dialog.addEventListener("close", () => {
      const answer = Object.fromEntries(inputs.map((input) => [input.name, input.value]));
      dialog.remove();
      resolve(dialog.returnValue === "go" ? answer : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
