// Styles of media-chrome's shadow roots as constructed sheets, which no content policy blocks (see shadow-styles.mjs).

const STYLE_ELEMENT = /<style([^>]*)>([\s\S]*?)<\/style>/g;
// An inner element writes its own shadow root when it is made.
const INNER_SHADOW = /<template shadowrootmode[^>]*>[\s\S]*?<\/template>/g;
const MEDIA = /media="([^"]*)"/;
const plain = new WeakSet<CSSStyleSheet>();

/** Fills a shadow root, its style elements turned into adopted sheets. */
export function paint(root: ShadowRoot, html: string): void {
  const sheets: CSSStyleSheet[] = [];
  const rest = html.replace(INNER_SHADOW, "").replace(STYLE_ELEMENT, (_, attributes: string, css: string) => {
    const media = MEDIA.exec(attributes)?.[1];
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(media ? `@media ${media} {${css}}` : css);
    if (!media) plain.add(sheet);
    sheets.push(sheet);
    return "";
  });
  root.innerHTML = rest;
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, ...sheets];
}

/** The sheets that media-chrome may change: those that hold for every medium. */
export function sheetsOf(root: Node): { sheet: CSSStyleSheet }[] {
  const scope = root instanceof ShadowRoot ? root : root.getRootNode();
  if (!(scope instanceof ShadowRoot)) return [];
  return scope.adoptedStyleSheets.filter((sheet) => plain.has(sheet)).map((sheet) => ({ sheet }));
}
