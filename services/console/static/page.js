// What a page does by itself: tint what changed, one submit a form, keys, drafts. Without scripts everything still works.
(function () {
  'use strict';

  // ── numbers and rows that change are tinted for a moment ──────────────────────────────────────────────────
  function counts() {
    return new Map(Array.from(document.querySelectorAll('[data-count]'), (one) => [one.dataset.count || one.id, one.textContent]));
  }
  function tint(element) {
    element.classList.remove('came');
    void element.offsetWidth;
    element.classList.add('came');
  }
  let before = counts();
  function tintCounts() {
    document.querySelectorAll('[data-count]').forEach(function (one) {
      const was = before.get(one.dataset.count || one.id);
      if (was !== undefined && was !== one.textContent) tint(one);
    });
    before = counts();
  }
  let rows = null;
  document.addEventListener('htmx:beforeSwap', function (event) {
    if (event.detail.target.id === 'queue') rows = new Set(Array.from(document.querySelectorAll('[data-row]'), (row) => row.dataset.row));
  });
  document.addEventListener('htmx:afterSettle', function () {
    tintCounts();
    if (!rows) return;
    Array.from(document.querySelectorAll('#queue [data-row]')).filter((row) => !rows.has(row.dataset.row)).forEach(tint);
    rows = null;
    // What was clicked is gone: the keyboard goes on from the list, not from the top of the page.
    if (document.activeElement === document.body) document.querySelector('#queue .table, #main').focus({ preventScroll: true });
  });
  document.addEventListener('htmx:sseMessage', tintCounts);

  // ── a form is sent once ───────────────────────────────────────────────────────────────────────────────────
  document.addEventListener('submit', function (event) {
    const form = event.target;
    if (!form.matches('[data-once]')) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = '1';
    form.querySelectorAll('button').forEach((button) => button.setAttribute('aria-busy', 'true'));
  });
  window.addEventListener('pageshow', function () {
    document.querySelectorAll('form[data-sent]').forEach(function (form) {
      delete form.dataset.sent;
      form.querySelectorAll('[aria-busy]').forEach((button) => button.removeAttribute('aria-busy'));
    });
  });

  // ── drafts: in this window only, gone when the task is decided or the window closes ───────────────────────
  const form = document.querySelector('form[data-draft]');
  function entries() {
    return Array.from(form.elements).filter((one) => /^(form\.|reason_code$|comment$)/.test(one.name || ''));
  }
  if (form) {
    const name = 'draft:' + form.dataset.draft;
    const is_empty = entries().every((one) => (one.type === 'radio' || one.type === 'checkbox' ? !one.checked : !one.value));
    try {
      const kept = JSON.parse(sessionStorage.getItem(name) || 'null');
      if (kept && is_empty) {
        entries().forEach(function (one, at) {
          if (one.type === 'radio' || one.type === 'checkbox') one.checked = kept[at] === true;
          else if (typeof kept[at] === 'string') one.value = kept[at];
        });
      }
    } catch (error) {
      sessionStorage.removeItem(name);
    }
    form.addEventListener('input', function () {
      const kept = entries().map((one) => (one.type === 'radio' || one.type === 'checkbox' ? one.checked : one.value));
      sessionStorage.setItem(name, JSON.stringify(kept));
    });
  } else if (document.querySelector('.task .banner.good') || document.querySelector('.sign-in')) {
    sessionStorage.clear();
  }
  const wrong = document.querySelector('.error, [role=alert]');
  if (wrong) wrong.scrollIntoView({ block: 'center' });

  // ── keys: j k move, o opens, c claims, ? shows them ───────────────────────────────────────────────────────
  const keys = document.getElementById('keys');
  function toggleKeys() {
    keys.hidden = !keys.hidden;
    document.querySelectorAll('[data-keys][aria-expanded]').forEach((one) => one.setAttribute('aria-expanded', String(!keys.hidden)));
  }
  document.addEventListener('click', function (event) {
    if (event.target.closest('[data-keys]')) toggleKeys();
  });
  function at() {
    return document.querySelector('tr.at');
  }
  function move(step) {
    const all = Array.from(document.querySelectorAll('tr[data-row]'));
    if (!all.length) return;
    const now = all.indexOf(at());
    const next = all[Math.max(0, Math.min(all.length - 1, now < 0 ? 0 : now + step))];
    all.forEach((one) => one.classList.toggle('at', one === next));
    next.querySelector('a.open').focus({ preventScroll: true });
    next.scrollIntoView({ block: 'nearest' });
  }
  document.addEventListener('keydown', function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    if (event.key === 'Escape' && keys && !keys.hidden) toggleKeys();
    else if (event.key === 'j') move(1);
    else if (event.key === 'k') move(-1);
    else if (event.key === 'o' && at()) location.href = at().dataset.row;
    else if (event.key === 'c') {
      const button = at() ? at().querySelector('form button') : document.querySelector('[data-claim]');
      if (button) button.click();
    } else if (event.key === '?' && keys) toggleKeys();
    else return;
    event.preventDefault();
  });
})();
