// Says in the title whether each text of the page in the frame stands out from what it lies on (WCAG: 4.5 to 1), and
// whether anything is wider than the page. For paper the rules for print are those that count.
document.getElementById('page').onload = event => {
  const view = event.target.contentWindow, page = view.document;
  if (look === 'print') {
    for (const rule of page.styleSheets[0].cssRules) {
      if (rule.media?.mediaText === 'print') rule.media.mediaText = 'all';
    }
  } else {
    page.querySelectorAll('details').forEach(d => d.open = true);
  }
  const numbers = colour => colour.match(/[\d.]+/g).map(Number);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const colour = numbers(view.getComputedStyle(e).backgroundColor);
      if (colour[3] !== 0) return colour;
    }
    return [255, 255, 255];
  };
  const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const contrast = (a, b) => (Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05);
  const wrong = [], texts = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !e.getClientRects().length || e.closest('style, title, option')) continue;
    const colour = numbers(view.getComputedStyle(e)[e.closest('svg') ? 'fill' : 'color']);
    const ratio = contrast(colour, ground(e));
    seen++;
    if (ratio < 4.5) wrong.push(`${e.tagName}.${e.className?.baseVal ?? e.className} ${ratio.toFixed(1)}`);
  }
  if (look === 'dark' !== view.matchMedia('(prefers-color-scheme: dark)').matches) wrong.push('the other colours');
  if (look !== 'print' && !page.querySelector('table.rows').getClientRects().length) wrong.push('no rows of the drill');
  if (look === 'print' && page.querySelector('.filter').getClientRects().length) wrong.push('the filter on paper');
  const root = page.documentElement;
  if (root.scrollWidth > root.clientWidth) wrong.push(`${root.scrollWidth} wide`);
  if (seen < 50) wrong.push(`${seen} texts only`);
  document.title = `${look} texts ${[...new Set(wrong)].join(', ') || 'ok'}`;
};
