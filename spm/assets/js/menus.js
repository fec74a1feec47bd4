// Menus are <details class="menu">; here they close on Escape, on a click elsewhere and when focus leaves. Also theme and density.
const YEAR = 31536000;

function keep(name, value) {
  const gone = value === 'auto' || value === 'cosy';
  document.cookie = `${name}=${value}; path=/; max-age=${gone ? 0 : YEAR}; samesite=lax${location.protocol === 'https:' ? '; secure' : ''}`;
  window.spmTheme?.();
  mark();
  dispatchEvent(new Event('themechange'));
}

function mark() {
  document.querySelectorAll('[data-set-theme]').forEach(b => b.setAttribute('aria-pressed', String(b.dataset.setTheme === document.documentElement.dataset.theme)));
  document.querySelectorAll('[data-set-density]').forEach(b => b.setAttribute('aria-pressed', String(b.dataset.setDensity === document.documentElement.dataset.density)));
}

const close = menu => { menu.open = false; };

export function initMenus() {
  mark();
  document.addEventListener('click', event => {
    const theme = event.target.closest('[data-set-theme]');
    if (theme) keep('theme', theme.dataset.setTheme);
    const density = event.target.closest('[data-set-density]');
    if (density) keep('density', density.dataset.setDensity);
    document.querySelectorAll('details.menu[open]').forEach(menu => { if (!menu.contains(event.target) || theme) close(menu); });
    const expand = event.target.closest('[data-expand-all]');
    if (expand) {
      const all = [...document.getElementById(expand.dataset.expandAll).querySelectorAll('details')];
      const open = all.some(d => !d.open);
      all.forEach(d => { d.open = open; });
      expand.setAttribute('aria-expanded', String(open));
    }
  });
  document.addEventListener('keydown', event => {
    const menu = event.target.closest?.('details.menu[open]');
    if (!menu) return;
    if (event.key === 'Escape') { close(menu); menu.querySelector('summary').focus(); event.stopPropagation(); }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const items = [...menu.querySelectorAll('.menu-item')];
      const step = event.key === 'ArrowDown' ? 1 : -1;
      const at = items.indexOf(document.activeElement);
      if (items.length) { items[at < 0 ? (step > 0 ? 0 : items.length - 1) : (at + step + items.length) % items.length].focus(); event.preventDefault(); }
    }
  });
  document.addEventListener('focusout', event => {
    const menu = event.target.closest?.('details.menu[open]');
    if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) close(menu);
  });
}
