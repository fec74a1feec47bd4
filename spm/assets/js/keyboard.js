// Single keys: ? help, / search, g then a letter goes to a page, [ and ] walk periods. Off while typing, and switchable (WCAG 2.1.4).
const KEY = 'spm.shortcuts';
let waiting = 0;

export const enabled = () => localStorage.getItem(KEY) !== 'off';

const typing = el => el.closest?.('input:not([type=checkbox],[type=radio],[type=button],[type=submit]), textarea, select, [contenteditable=true], .editor-host');

export function initKeyboard() {
  const box = document.getElementById('shortcuts-on');
  if (box) {
    box.checked = enabled();
    box.addEventListener('change', () => localStorage.setItem(KEY, box.checked ? 'on' : 'off'));
  }
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !enabled()) return;
    if (document.querySelector('dialog:modal')) return;
    if (waiting && Date.now() - waiting < 1500) {
      waiting = 0;
      const link = document.querySelector(`[data-shortcut="${CSS.escape(event.key.toLowerCase())}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    waiting = 0;
    if (event.key === 'g') waiting = Date.now();
    else if (event.key === '?') { event.preventDefault(); document.getElementById('shortcuts')?.showModal(); }
    else if (event.key === '/') {
      const search = document.querySelector('main [type=search]');
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else {
      const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
    }
  });
}
