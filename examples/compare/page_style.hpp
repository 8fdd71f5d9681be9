#pragma once

/// What a page looks like and does.
namespace compare {

constexpr const char* page_style = R"(
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 1240px; margin: 0 auto; padding: 0 16px 48px; }
h1 { font-size: 1.6rem; margin: 1.5rem 0 .5rem; }
h2 { margin: 3rem 0 .5rem; padding-bottom: .25rem; border-bottom: 1px solid #ccc; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { max-width: 46rem; margin: .75rem 0; overflow-wrap: break-word; }
.large, .small { display: grid; gap: 24px 16px; margin: 16px 0; }
.large { grid-template-columns: repeat(auto-fill, minmax(min(100%, 380px), 1fr)); }
.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 280px), 1fr)); }
figure { display: flex; flex-direction: column; justify-content: end; margin: 0; min-width: 0; }
.large figure { max-width: 520px; }
.small figure { max-width: 380px; }
figcaption { font-weight: 600; font-size: .9rem; padding-left: 4px; }
.small figcaption { font-size: .8rem; }
figure svg { display: block; width: 100%; height: auto; }
figure svg text { font-family: Helvetica, Arial, sans-serif; }
.table { overflow-x: auto; margin: 12px 0; }
table { border-collapse: collapse; font-size: .875rem; }
th, td { padding: 3px 10px; text-align: right; border-bottom: 1px solid #e4e4e4; white-space: nowrap; font-variant-numeric: tabular-nums; }
th { border-bottom-color: #999; }
th:first-child, td:first-child { position: sticky; left: 0; background: #fff; padding-left: 0; }
.text { text-align: left; }
.text + .text { white-space: normal; min-width: 12rem; }
.legend { position: sticky; top: 0; display: flex; flex-wrap: wrap; gap: 0 18px; padding: 6px 0; background: #fff; }
.legend button { all: unset; display: flex; align-items: center; gap: 6px; font-size: .85rem; cursor: pointer; }
.legend button:is(:hover, :focus-visible) { text-decoration: underline; }
.legend svg { flex: none; width: 30px; height: 8px; }
@media (max-width: 800px) { .legend { position: static; } }
)";

/// The line of the legend under the pointer, or with the focus, stands out in the plots below.
constexpr const char* page_script = R"(
for (const key of document.querySelectorAll('.legend button')) {
  const lines = [...key.closest('.plots').querySelectorAll('g > title')];
  const show = alone => lines.forEach(title =>
    title.parentNode.style.opacity = alone && title.textContent !== key.textContent ? 0.12 : 1);
  key.onpointerenter = key.onfocus = () => show(true);
  key.onpointerleave = key.onblur = () => show(false);
}
)";

}  // namespace compare
