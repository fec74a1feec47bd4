// Runs before the first paint: puts the kept theme and density on <html>, so that no page flashes in the wrong one.
const root = document.documentElement;
const kept = name => (document.cookie.match(`(?:^|; )${name}=([a-z]+)`) || [])[1];
const dark = matchMedia('(prefers-color-scheme: dark)');
function apply() {
  const theme = kept('theme');
  root.dataset.theme = theme || 'auto';
  root.dataset.bsTheme = theme === 'dark' || theme === 'light' ? theme : dark.matches ? 'dark' : 'light';
  root.dataset.density = kept('density') === 'compact' ? 'compact' : 'cosy';
}
apply();
dark.addEventListener('change', () => { apply(); dispatchEvent(new Event('themechange')); });
window.spmTheme = apply;
