// The text of the score. What is typed is sent when it rests; a text that does not parse leaves the last good view, greyed.

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Text } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import * as api from "./api";
import { h } from "./dom";
import type { Store } from "./store";

const REST_MS = 500;

const lead = StreamLanguage.define<null>({
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^"(?:[^"\\]|\\.)*"-?/)) return "string";
    if (stream.match(/^\/[^/]*\//)) return "comment";
    if (stream.sol() || stream.column() <= 2) {
      if (stream.match(/^(scoretok|title|track|bar|tempo|chords)\b/)) return "keyword";
      if (stream.match(/^[a-z][\w.]*/)) return "typeName";
    }
    if (stream.match(/^(program|name|muted|meter|pickup|key|section|voice|vibrato|breath|portamento|consonants)\b/)) return "keyword";
    if (stream.match(/^v\d+\b/)) return "meta";
    if (stream.match(/^[A-G][#b]*-?\d+\b/)) return "variableName";
    if (stream.match(/^\d+(\.\d+)?(\+\S+)?/)) return "number";
    stream.next();
    return null;
  },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--code-keyword)" }, { tag: tags.string, color: "var(--code-string)" }, { tag: tags.comment, color: "var(--code-comment)" },
  { tag: tags.typeName, color: "var(--code-name)" }, { tag: tags.meta, color: "var(--code-meta)" }, { tag: tags.variableName, color: "var(--code-note)" },
  { tag: tags.number, color: "var(--code-number)" },
]);

export class TextPane {
  readonly element = h("div", { class: "text", role: "region", "aria-label": "Text of the score" });
  private readonly said = h("p", { class: "said", role: "status" });
  private readonly editor: EditorView;
  private timer = 0;
  private isOurs = false;

  constructor(private readonly store: Store) {
    this.editor = new EditorView({
      parent: this.element,
      state: EditorState.create({
        extensions: [
          lineNumbers(), drawSelection(), highlightActiveLine(), history(), keymap.of([...defaultKeymap, ...historyKeymap]),
          lead, syntaxHighlighting(colours), EditorView.contentAttributes.of({ "aria-label": "Score as text" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !this.isOurs) this.typed(update.state.doc);
          }),
        ],
      }),
    });
    this.element.append(this.said);
    store.addEventListener("change", () => this.show());
  }

  /** The text of the server, unless something is typed that is not sent yet. */
  private show(): void {
    if (this.timer) return;
    const wanted = this.store.state.draft ?? this.store.state.text;
    const { doc } = this.editor.state;
    if (doc.toString() === wanted) return;
    const now = doc.toString();
    let from = 0;
    while (from < now.length && from < wanted.length && now[from] === wanted[from]) from++;
    let same = 0;
    while (same < Math.min(now.length, wanted.length) - from && now[now.length - 1 - same] === wanted[wanted.length - 1 - same]) same++;
    this.isOurs = true;
    this.editor.dispatch({ changes: { from, to: now.length - same, insert: wanted.slice(from, wanted.length - same) } });
    this.isOurs = false;
  }

  private typed(doc: Text): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.send(doc.toString()), REST_MS);
  }

  private async send(text: string): Promise<void> {
    try {
      const answer = await api.post<never>("text", { text, version: this.store.state.version });
      this.timer = 0;
      this.mark("");
      this.store.take(answer);
    } catch (error) {
      this.timer = 0;
      const { message, line, column, status } = error as api.Refusal;
      this.mark(line ? `line ${line}, column ${column}: ${message.replace(/^.*?column \d+: /, "")}` : message);
      if (status === 409) await this.store.refresh();
    }
  }

  private mark(sentence: string): void {
    this.said.textContent = sentence;
    document.body.classList.toggle("stale", sentence !== "");
  }
}
