// Tables: labels for the card form on narrow screens, focus for regions that scroll, arrow keys in grids.
const sized = new ResizeObserver(entries => entries.forEach(({target}) => reachable(target)));

function reachable(region) {
  const scrolls = region.scrollWidth > region.clientWidth + 1 || region.scrollHeight > region.clientHeight + 1;
  if (scrolls) region.tabIndex = 0;
  else region.removeAttribute('tabindex');
}

function label(table) {
  const heads = [...table.querySelectorAll('thead tr:last-child > *')].map(th => th.textContent.trim());
  table.setAttribute('role', 'table');
  table.querySelectorAll('thead, tbody, tfoot').forEach(part => part.setAttribute('role', 'rowgroup'));
  table.querySelectorAll('tr').forEach(row => row.setAttribute('role', 'row'));
  table.querySelectorAll('thead th').forEach(th => th.setAttribute('role', 'columnheader'));
  table.querySelectorAll('tbody tr, tfoot tr').forEach(row => {
    let column = 0;
    [...row.children].forEach((cell, index) => {
      cell.setAttribute('role', cell.tagName === 'TH' ? 'rowheader' : table.hasAttribute('data-grid') ? 'gridcell' : 'cell');
      if (index && !cell.hasAttribute('data-label')) cell.dataset.label = heads[column] || '';
      column += cell.colSpan;
    });
  });
  table.classList.add('is-labelled');
}

function grid(table) {
  const rows = [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.querySelector('a, button, [tabindex]')).filter(Boolean)).filter(row => row.length);
  if (!rows.length) return;
  table.setAttribute('role', 'grid');
  rows.flat().forEach((el, index) => { el.tabIndex = index ? -1 : 0; });
  table.addEventListener('keydown', event => {
    const y = rows.findIndex(row => row.includes(event.target));
    if (y < 0) return;
    const x = rows[y].indexOf(event.target);
    const to = {ArrowRight: [y, x + 1], ArrowLeft: [y, x - 1], ArrowDown: [y + 1, x], ArrowUp: [y - 1, x], Home: [y, 0], End: [y, rows[y].length - 1]}[event.key];
    const next = to && rows[to[0]]?.[Math.min(to[1], (rows[to[0]]?.length ?? 1) - 1)];
    if (!next || to[1] < 0) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}

export function enhanceTables(root) {
  root.querySelectorAll('table.dt-cards:not(.is-labelled), table.heat:not(.is-labelled)').forEach(label);
  root.querySelectorAll('table[data-grid]:not([role=grid])').forEach(grid);
  root.querySelectorAll('.table-region:not([data-watched])').forEach(region => { region.dataset.watched = ''; sized.observe(region); reachable(region); });
}
