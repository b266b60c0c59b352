// The page's sentences: Fluent's, handed over in the facts block.

/** Says a sentence by its key, `{name}` places filled. */
export type Say = (key: string, values?: Record<string, string>) => string;

/** A speaker for the words of a page; an unknown key speaks as itself. */
export function speaker(words: Record<string, string>): Say {
  return (key, values = {}) =>
    (words[key] ?? key).replace(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place);
}
