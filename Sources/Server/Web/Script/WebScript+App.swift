extension WebScript {
    /// The frame of the page.
    static let app = #"""
        // The frame of the page: its bar, the space, the token, and which view is shown.

        import { get, repeat, session } from './api.js';
        import { button, h, prose, refill, remark } from './dom.js';
        import { logs } from './logs.js';
        import { metrics } from './metrics.js';
        import { figures, health } from './node.js';
        import { address, current, go } from './route.js';
        import { followServices } from './services.js';
        import { trace } from './trace.js';
        import { traces } from './traces.js';

        const views = { traces, trace, logs, metrics };
        const main = document.getElementById('main');
        const bar = document.getElementById('bar');

        session.space = current().parameters.get('space')
          || localStorage.getItem('holdfast.space') || 'default';
        if (current().view === 'trace' && !current().parameters.get('space')) {
          session.space = 'default';
        }

        // MARK: the bar

        const titles = { traces: 'Traces', logs: 'Logs', metrics: 'Metrics' };
        const tabs = Object.entries(titles).map(([view, title]) => (
          h('a', { href: address(view), 'data-view': view }, title)));
        const space = h('select', { 'aria-label': 'Space' });
        const quarantine = h('div', { class: 'quarantine' });
        const pill = health();
        const strip = figures();
        const services = followServices();

        refill(space, [session.space], session.space);
        space.addEventListener('change', () => {
          session.space = space.value;
          localStorage.setItem('holdfast.space', space.value);
          const { view } = current();
          const target = address(views[view] && view !== 'trace' ? view : 'traces');
          if (location.hash === target) show();
          else location.hash = target;
          services.now();
        });

        bar.replaceChildren(
          button('Skip to the content', () => main.focus(), { class: 'skip' }),
          h('a', { class: 'brand', href: address('traces') }, 'Holdfast'),
          h('nav', { 'aria-label': 'Views' }, tabs),
          h('span', { class: 'gap' }),
          h('label', { class: 'space' }, h('span', { class: 'quiet' }, 'Space'), space),
          pill.node,
        );
        document.getElementById('node').replaceChildren(strip.node, quarantine);

        const spaces = repeat(10e3, async (signal) => {
          try {
            const answer = await get('/api/spaces', {}, { signal });
            const ready = (answer.ready ?? []).map((one) => one.space).sort();
            const blocked = answer.quarantined ?? [];
            refill(space,
              [...ready, ...blocked.map((one) => [one.space, `${one.space} (quarantined)`])],
              session.space);
            quarantine.replaceChildren(...blocked.map((one) => h('p', { class: 'bad' },
              h('b', null, one.space), ` is in quarantine (${one.code}): `, prose(one.reason), ' ',
              prose(one.remedy))));
          } catch {
            // The pill says it.
          }
        });

        // MARK: the token

        const token = h('input', {
          type: 'password', name: 'token', autocomplete: 'off', 'aria-label': 'Token',
          placeholder: 'token',
        });
        const dialog = h('dialog', null, h('form', { on: {
          submit(event) {
            event.preventDefault();
            session.token = token.value.trim();
            sessionStorage.setItem('holdfast.token', session.token);
            token.value = '';
            dialog.close();
            for (const one of [pill, strip]) one.refresh();
            services.now();
            spaces.now();
            show(true);
          },
        } }, h('h2', null, 'This server asks for a token'),
        h('p', null, 'Enter one of the tokens of its token file. '
          + 'It is kept until this tab is closed.'),
        token, h('p', { class: 'line' }, h('button', { type: 'submit' }, 'Use the token'),
          button('Not now', () => dialog.close()))));
        document.body.append(dialog);
        let isTokenRefused = false;
        addEventListener('holdfast:token', () => {
          if (dialog.open || (isTokenRefused && !session.token)) return;
          isTokenRefused = true;
          dialog.showModal();
        });

        // MARK: views

        let shown;

        function show(isFresh = false) {
          const route = current();
          const wanted = route.parameters.get('space');
          if (wanted && wanted !== session.space) {
            session.space = wanted;
            refill(space, [...space.options].map((option) => [option.value, option.text]), wanted);
            services.now();
          }
          for (const tab of tabs) {
            const isCurrent = tab.dataset.view === route.view
              || (route.view === 'trace' && tab.dataset.view === 'traces');
            if (isCurrent) tab.setAttribute('aria-current', 'page');
            else tab.removeAttribute('aria-current');
            tab.href = address(tab.dataset.view);
          }
          if (route.view !== 'trace') sessionStorage.setItem('holdfast.list', location.hash);
          const isSame = !isFresh && shown?.name === route.view && shown.space === session.space
            && shown.view.update?.(route) !== false;
          if (!isSame) {
            shown?.view?.stop();
            shown = undefined;
            scrollTo(0, 0);
            const make = views[route.view];
            if (make) {
              shown = { name: route.view, space: session.space, view: make(main, route) };
            } else {
              main.replaceChildren(h('section', { class: 'body' }, remark('There is no such view.',
                h('p', null, button('Go to the traces', () => go('traces', '', {}))))));
            }
          }
          document.title = shown ? `${shown.view.title} · Holdfast` : 'Holdfast';
        }

        addEventListener('hashchange', () => show());
        addEventListener('keydown', (event) => {
          if (event.ctrlKey || event.metaKey || event.altKey || dialog.open) return;
          const isTyping = event.target.matches?.('input:not([type=checkbox]), select, textarea');
          if (isTyping) {
            if (event.key === 'Escape') event.target.blur();
            return;
          }
          const action = shown?.view.keys?.[event.key];
          if (!action) return;
          event.preventDefault();
          action();
        });
        show();
        """#
}
