// media-chrome writes <style> elements into its shadow roots, which a content policy without inline styles blocks.
// While bundling, those writes are sent through `paint` and `sheetsOf`, which use constructed sheets instead.
// Every place is counted: a new version that writes differently stops the build.
import { readFile } from "node:fs/promises";

const WRITES =
  /this\.shadowRoot\.setHTMLUnsafe \? this\.shadowRoot\.setHTMLUnsafe\(html\) : this\.shadowRoot\.innerHTML = html|this\.shadowRoot\.innerHTML = (this\.constructor\.getTemplateHTML\(attrs\))/g;
const SHEETS = /styleParent\.querySelectorAll\("style:not\(\[media\]\)"\)/g;

export function shadowStyles(painter) {
  return {
    name: "shadow-styles",
    setup(build) {
      build.onLoad({ filter: /media-chrome[\\/]dist[\\/].*\.js$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        let painted = 0;
        const contents = source
          .replace(WRITES, (_, template) => {
            painted += 1;
            return `__paint(this.shadowRoot, ${template ?? "html"})`;
          })
          .replace(SHEETS, () => {
            painted += 1;
            return "__sheetsOf(styleParent)";
          });
        const left = /<style/.test(contents) && /shadowRoot\.(innerHTML|setHTMLUnsafe)/.test(contents);
        if (left) return { errors: [{ text: `${path} writes styles in a way that shadow-styles.mjs does not know` }] };
        if (path.endsWith("element-utils.js") && painted !== 2) {
          return { errors: [{ text: `${path} looks for style sheets in a way that shadow-styles.mjs does not know` }] };
        }
        if (painted === 0) return { contents: source, loader: "js" };
        const imports = `import { paint as __paint, sheetsOf as __sheetsOf } from ${JSON.stringify(painter)};\n`;
        return { contents: imports + contents, loader: "js" };
      });
    },
  };
}
