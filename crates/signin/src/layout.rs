//! What all pages have in common: the document, its one style, the card in its middle.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use node::oauth::Face;

use crate::{Language, brand};

/// The style of all pages. Colours are ours, of the system's light or dark scheme; in forced colours
/// the system's own hold.
pub(crate) const STYLE: &str = "\
:root{color-scheme:light dark;--page:#f4f4f6;--card:#fff;--text:#242424;--soft:#5c5c62;--line:#d1d1d6;--accent:#4851bd;--primary:#4851bd;--bad:#a5182b;--note:#fff6dd}\
@media(prefers-color-scheme:dark){:root{--page:#111114;--card:#1b1b1f;--text:#f2f2f4;--soft:#adadb3;--line:#47474f;--accent:#a4abeb;--primary:#4851bd;--bad:#ff9aa6;--note:#38301a}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--around,var(--page));color:var(--text);font:16px/1.5 system-ui,sans-serif}\
main{width:min(27rem,100%);padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}\
@media(max-width:30rem){body{place-items:start stretch}main{border:0;border-radius:0;min-height:100vh;padding:1.5rem}}\
header p{margin:0;color:var(--soft);font-size:.875rem;overflow-wrap:anywhere}\
h2{margin:2rem 0 0;font-size:1.125rem;line-height:1.3;font-weight:600}\
main:has(>.plain){width:min(40rem,100%)}@media(min-width:30.01rem){body:has(.plain){padding:2rem 1rem}}\
.plain{list-style:none;padding:0;margin:.75rem 0 0}.plain>li{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1rem;margin:0;padding:.75rem 0;border-top:1px solid var(--line)}\
.what{flex:1 1 12rem;min-width:0}.what ul{margin:.25rem 0 0}.acts{display:flex;flex-wrap:wrap;gap:.5rem}.plain+.acts{padding-top:.75rem;border-top:1px solid var(--line)}\
.of{display:flex;gap:.5rem;align-items:center;margin-bottom:1rem}.of svg{width:1.25rem;height:1.25rem;flex:none;color:var(--accent)}\
.of img{display:block;flex:none;max-width:100%;height:auto}.of .square{width:2.5rem;height:auto}\
@media(prefers-color-scheme:dark){.of img{padding:.25rem;background:#fff;border-radius:.25rem}}\
.own{margin-top:1.5rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.875rem;white-space:pre-line;overflow-wrap:anywhere}\
.links a{color:inherit;display:inline-block;margin-inline-end:1rem;padding-block:.25rem}\
h1{margin:0;font-size:1.5rem;line-height:1.25;font-weight:600}\
.lead{margin:.25rem 0 1.5rem;color:var(--soft);overflow-wrap:anywhere}\
label{display:block;margin:1rem 0 .25rem}\
input[type=text],input[type=password]{width:100%;padding:.625rem .75rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--soft);border-radius:.375rem}\
::placeholder{color:var(--soft);opacity:1}\
input[readonly]{border-color:var(--line);color:var(--soft)}\
.code{font-size:1.5rem;letter-spacing:.15em;text-transform:uppercase;direction:ltr}\
.check{display:flex;gap:.5rem;align-items:start;margin:1rem 0}.check input{width:1.125rem;height:1.125rem;margin:.2rem 0 0;accent-color:var(--accent);flex:none}\
button,.button{display:block;width:100%;margin-top:.75rem;padding:.625rem 1rem;min-height:2.75rem;font:inherit;text-align:center;color:inherit;background:transparent;border:1px solid var(--line);border-radius:.375rem;cursor:pointer;text-decoration:none}\
.small{width:auto;margin:0;padding:.25rem .75rem;min-height:2.25rem;font-size:.875rem;line-height:1.75rem}\
.primary{margin-top:1.5rem;background:var(--primary);color:#fff;border-color:var(--primary);font-weight:600}\
form~form button:not(.primary,.account,.small){margin-top:.25rem;border-color:transparent;color:var(--accent)}\
button:not(.primary):hover,.account:hover{background:var(--page)}.primary:hover{filter:brightness(1.1)}\
.account{text-align:start;overflow-wrap:anywhere}.account small{display:block;color:var(--soft)}\
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}\
.bad{margin:1rem 0 0;color:var(--bad)}.bad::before{content:'\\26A0\\FE0E\\00A0'}\
.note{margin:1rem 0;padding:.75rem;background:var(--note);border-radius:.375rem}\
ul{margin:1rem 0;padding-inline-start:1.25rem}li{margin:.5rem 0;overflow-wrap:anywhere}li small{display:block;color:var(--soft)}\
.soft{color:var(--soft);font-size:.875rem;overflow-wrap:anywhere}\
details{margin-top:1.5rem;font-size:.875rem}dt{color:var(--soft);margin-top:.5rem}dd{margin:0;overflow-wrap:anywhere;user-select:all}\
[hidden]{display:none}.bad-quiet:empty{display:none}.bad-quiet{margin:.5rem 0 0;color:var(--bad)}\
.qr{display:block;width:min(13rem,100%);margin:1rem auto}\
.codes{columns:2;padding-inline-start:1.75rem}.codes code,.soft code{font:1rem/1.5 ui-monospace,monospace;user-select:all}\
@media(max-width:24rem){.codes{columns:1}}\
iframe{display:none}";

/// The product's mark, as the web apps have it: two joined squares of a city's plan.
const MARK: &str = "<svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" \
stroke-width=\"2.25\" stroke-linejoin=\"round\" aria-hidden=\"true\">\
<path d=\"M9.5 15.5H3.1V3.1h12.4v6.4\"/><path d=\"M14.5 8.5h6.4v12.4H8.5v-6.4\"/>\
<path d=\"M9.5 14.5 14.5 9.5\" stroke-linecap=\"round\"/></svg>";

/// The frame of a page.
pub(crate) struct Layout<'a> {
    pub(crate) language: Language,
    pub(crate) face: Option<&'a Face>,
    pub(crate) title: &'a str,
    pub(crate) lead: Option<String>,
    /// Whether it is the same for everybody, so that a search may find it. What is of a tenant, or of
    /// one sign-in alone, belongs into no index.
    pub(crate) is_anybodys: bool,
}

/// A whole page around its content.
pub(crate) fn document(layout: &Layout<'_>, content: Markup) -> String {
    let language = layout.language;
    let page = html! {
        (DOCTYPE)
        html lang=(language.tag()) dir=(language.direction()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                @if layout.is_anybodys {
                    meta name="description" content=(language.words().description);
                } @else {
                    meta name="robots" content="noindex";
                }
                title {
                    (layout.title)
                    @if let Some(face) = layout.face { " – " (face.name) }
                }
                style { (PreEscaped(STYLE)) }
                (brand::style(layout.face))
                (brand::icon(layout.face))
            }
            body {
                main {
                    header {
                        (brand::head(layout.face, MARK))
                        h1 { (layout.title) }
                        @if let Some(lead) = &layout.lead { p .lead { (lead) } }
                    }
                    (content)
                    (brand::foot(layout.face, language.words()))
                }
            }
        }
    };
    page.into_string()
}
