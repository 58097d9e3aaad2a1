extension WebScript {
    /// The list of services.
    static let services = #"""
        // The list of services with the number of their operations, for the views that filter by
        // service.

        import { get, isAborted, repeat, session } from './api.js';
        import { arrows, h } from './dom.js';
        import { colour, count } from './format.js';
        import { address } from './route.js';

        const known = { space: '', names: [], operations: new Map() };
        const watchers = new Set();

        function tell() {
          for (const watcher of watchers) watcher(known.names);
        }

        /// Calls back with the names of the services, now and on changes; returns how to stop.
        export function watchServices(watcher) {
          watchers.add(watcher);
          if (known.names.length && known.space === session.space) watcher(known.names);
          return () => watchers.delete(watcher);
        }

        /// The names of the operations of a service.
        export async function operations(service, signal) {
          const answer = await get('/api/v3/operations', { service }, { signal });
          return [...new Set((answer.operations ?? []).map((operation) => operation.name))].sort();
        }

        /// Keeps the list current.
        export function followServices() {
          let turns = 0;
          return repeat(10e3, async (signal) => {
            if (known.space !== session.space) {
              Object.assign(known, { space: session.space, names: [], operations: new Map() });
              tell();
            }
            try {
              const { space } = known;
              const answer = await get('/api/v3/services', {}, { signal });
              if (space !== session.space) return;
              known.names = [...(answer.services ?? [])].sort();
              known.names.forEach(colour);
              tell();
              turns += 1;
              for (const name of known.names) {
                if (known.operations.has(name) && turns % 6) continue;
                const names = await operations(name, signal);
                if (space !== session.space) return;
                known.operations.set(name, names.length);
              }
              tell();
            } catch (error) {
              if (!isAborted(error)) tell();
            }
          });
        }

        /// The list; `view` is where its links lead, `chosen` the service that is filtered by.
        export function serviceList(view) {
          const wide = matchMedia('(min-width: 900px)');
          const list = h('ul', { class: 'services' });
          const label = h('summary', null, 'Services');
          const box = h('details', { class: 'side', open: wide.matches }, label, list);
          const follow = () => { box.open = wide.matches; };
          wide.addEventListener('change', follow);
          arrows(list, 'a');
          let route = { service: '', parameters: {} };
          let shown = '';
          function draw(names) {
            const key = JSON.stringify(
              [names, names.map((name) => known.operations.get(name)), route]);
            if (key === shown) return;
            shown = key;
            const focused = list.contains(document.activeElement)
              && document.activeElement.dataset.name;
            label.replaceChildren('Services ', h('span', { class: 'quiet' }, count(names.length)));
            const items = names.map((name) => {
              const isChosen = name === route.service;
              const total = known.operations.get(name);
              const href = address(view, '',
                { ...route.parameters, operation: '', service: isChosen ? '' : name });
              return h('li', null, h('a', {
                href, class: colour(name), 'data-name': name, 'aria-current': isChosen ? 'true'
                  : null,
                title: isChosen ? 'show every service again' : `show ${name} only`,
              }, h('i', { class: 'dot' }), h('span', { class: 'name' }, name || '(no name)'),
              h('span', { class: 'quiet', title: 'operations' }, total === undefined ? ''
                : count(total))));
            });
            list.replaceChildren(
              ...(items.length ? items : [h('li', { class: 'quiet none' }, 'none yet')]));
            if (focused) {
              const links = [...list.querySelectorAll('a')];
              links.find((item) => item.dataset.name === focused)?.focus();
            }
          }
          const stopWatching = watchServices(draw);
          draw(known.space === session.space ? known.names : []);
          return {
            node: box,
            update(parameters) {
              route = { service: parameters.service ?? '', parameters };
              draw(known.names);
            },
            stop() {
              stopWatching();
              wide.removeEventListener('change', follow);
            },
          };
        }
        """#
}
