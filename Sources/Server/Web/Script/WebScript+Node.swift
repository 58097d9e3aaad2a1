extension WebScript {
    /// The state of the node.
    static let node = #"""
        // The strip on top: is the node well, what has it acknowledged, how fast, what it keeps.

        import { get, isAborted, repeat } from './api.js';
        import { h, prose } from './dom.js';
        import { bytes, count, rate } from './format.js';

        const samples = [];
        const windowLength = 10e3;

        /// The pill that says whether the node is ready, and the list behind it.
        export function health() {
          const label = h('summary', { class: 'pill' }, 'asking…');
          const list = h('div', { class: 'drop' });
          const node = h('details', { class: 'health' }, label, list);
          addEventListener('click', (event) => {
            if (node.open && !node.contains(event.target)) node.open = false;
          });
          node.addEventListener('keydown', (event) => {
            if (event.key === 'Escape') {
              node.open = false;
              label.focus();
            }
          });
          function tell(kind, title, ...lines) {
            label.className = `pill ${kind}`;
            if (label.textContent !== title) label.textContent = title;
            list.replaceChildren(...lines.flat());
          }
          const poller = repeat(2000, async (signal) => {
            try {
              const answer = await get('/readyz', {}, { signal, also: [503] });
              const lines = (answer.checks ?? []).map((check) => h('div', { class: 'check' },
                h('span', { class: check.ok ? 'mark ok' : 'mark bad' }, check.ok ? '✓' : '✕'),
                h('b', null, check.name),
                h('span', null, check.detail || (check.ok ? 'well' : 'not well'))));
              const isReady = answer.ok === true;
              tell(isReady ? 'ok' : 'bad', isReady ? 'ready' : 'not ready',
                lines.length ? lines : h('div', { class: 'check' }, 'No checks are configured.'));
            } catch (error) {
              if (isAborted(error)) return;
              tell('bad', error.status ? 'not ready' : 'unreachable', h('div', { class: 'check' },
                h('span', null, prose(error.message), ' ', prose(error.remedy))));
            }
          });
          return { node, refresh: () => poller.now() };
        }

        /// The figures.
        export function figures() {
          const cells = new Map();
          const node = h('dl', { class: 'figures' });
          function cell(name, value, detail, title) {
            if (!cells.has(name)) {
              const parts = { value: h('b'), detail: h('span', { class: 'quiet' }) };
              parts.box = h('div', null, h('dt', null, name),
                h('dd', null, parts.value, ' ', parts.detail));
              cells.set(name, parts);
              node.append(parts.box);
            }
            const parts = cells.get(name);
            parts.value.textContent = value;
            parts.detail.textContent = detail ?? '';
            parts.box.title = title ?? '';
          }
          function show(status) {
            const { acknowledged = {}, spaces = [], journal = {} } = status;
            const rates = measure(acknowledged);
            const sum = (pick) => spaces.reduce((total, space) => total + (pick(space) ?? 0), 0);
            const title =
              'acknowledged since the server started; the rate is that of the last 10 s';
            for (const name of ['spans', 'logs', 'points']) {
              cell(name, count(acknowledged[name]), rates ? rate(rates[name]) : '', title);
            }
            cell('batches', count(acknowledged.batches), rates ? rate(rates.batches) : '', title);
            cell('segments', count(sum((space) => space.segments)), '',
              'Parquet files of all spaces');
            const folded = spaces.length ? Math.min(...spaces.map((space) => space.foldedLsn ?? 0))
              : 0;
            cell('journal LSN', count(journal.lastLsn),
              spaces.length ? `folded to ${count(folded)}` : '',
              'the last journaled record, and how far every space has been folded into segments');
            const segments = sum((space) => space.bytes);
            cell('on disk', bytes(segments + (journal.bytes ?? 0)),
              `${bytes(journal.bytes)} journal`,
              `segments ${bytes(segments)}, journal ${bytes(journal.bytes)}, in memory `
              + bytes(sum((space) => space.memtableBytes)));
          }
          function showCache(cache) {
            const asked = cache.hits + cache.misses;
            const evictions = Object.entries(cache.evictions ?? {})
              .filter(([, value]) => value).map(([cause, value]) => `${count(value)} ${cause}`);
            cell('from cache', asked ? `${Math.round(100 * cache.hits / asked)} %` : '–',
              asked ? `of ${count(asked)} queries` : 'no queries yet',
              `${count(cache.entries)} answers, ${bytes(cache.bytes)}; ${count(cache.coalesced)} `
              + 'queries waited for the scan of another; left: '
              + (evictions.join(', ') || 'none'));
          }
          const poller = repeat(2000, async (signal) => {
            try {
              show(await get('/api/status', {}, { signal }));
              showCache(await get('/api/cache', {}, { signal }));
              node.classList.remove('stale');
            } catch (error) {
              if (!isAborted(error)) node.classList.add('stale');
            }
          });
          return { node, refresh: () => poller.now() };
        }

        /// Rates over the window, once there are two samples of one run of the server.
        function measure(acknowledged) {
          const now = performance.now();
          const last = samples.at(-1);
          if (last && acknowledged.batches < last.acknowledged.batches) samples.length = 0;
          samples.push({ now, acknowledged });
          while (samples.length > 2 && now - samples[1].now >= windowLength) samples.shift();
          const first = samples[0];
          const seconds = (now - first.now) / 1000;
          if (seconds < 0.5) return null;
          return Object.fromEntries(['spans', 'logs', 'points', 'batches'].map((name) => [
            name, (acknowledged[name] - first.acknowledged[name]) / seconds,
          ]));
        }
        """#
}
