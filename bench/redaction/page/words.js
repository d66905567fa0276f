// The words that can be seen, one rectangle each.
(() => {
  const out = []
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let n; (n = walk.nextNode()); ) {
    const of = n.parentElement
    const panel = of.closest('[data-p]')
    for (const m of n.data.matchAll(/\S+/g)) {
      const range = document.createRange()
      range.setStart(n, m.index)
      range.setEnd(n, m.index + m[0].length)
      // A long value may break over lines: each piece counts as a word, its text is what lies in it.
      const pieces = []
      for (let i = m.index; i < m.index + m[0].length; i++) {
        range.setStart(n, i)
        range.setEnd(n, i + 1)
        const q = [...range.getClientRects()].find((q) => q.width > 0 && q.height > 0)
        if (!q) continue
        const last = pieces.at(-1)
        if (last && Math.abs(last.box[1] - q.top) < 2) {
          last.text += n.data[i]
          last.box[2] = Math.max(last.box[2], q.right)
          last.box[0] = Math.min(last.box[0], q.left)
        } else pieces.push({ text: n.data[i], box: [q.left, q.top, q.right, q.bottom] })
      }
      for (const p of pieces) {
        const [l, t, r, b] = p.box
        if (l < 0 || t < 0 || r > innerWidth || b > innerHeight) continue
        const seen = [[l + 1, (t + b) / 2], [r - 1, (t + b) / 2]].every(([x, y]) => { const e = document.elementFromPoint(x, y); return e && (e === of || of.contains(e)) })
        if (!seen) continue
        out.push({ text: p.text, class: of.closest('[data-k]')?.dataset.k ?? '', interface: !!of.closest('.u'), panel: panel ? +panel.dataset.p : -1,
          pixel: Math.round(parseFloat(getComputedStyle(of).fontSize)), box: p.box })
      }
    }
  }
  return out
})()
