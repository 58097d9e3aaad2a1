extension WebScript {
    /// Makes nodes out of data that nobody trusts.
    static let dom = #"""
        // Makes nodes. Data reaches the page through text nodes and a few harmless attributes only,
        // so whatever a program writes into its telemetry stays text.

        const svgSpace = 'http://www.w3.org/2000/svg';
        const plain = new Set([
          'autocomplete', 'class', 'colspan', 'd', 'datetime', 'dy', 'fill', 'for', 'height',
          'href',
          'id', 'inputmode', 'label', 'list', 'max', 'min', 'name', 'placeholder',
          'preserveAspectRatio',
          'r', 'role', 'rx', 'spellcheck', 'tabindex', 'text-anchor', 'title', 'type', 'value',
          'viewBox', 'width', 'x', 'x1', 'x2', 'y', 'y1', 'y2', 'cx', 'cy',
        ]);

        function set(node, name, value) {
          if (value === undefined || value === null || value === false) return;
          if (name === 'on') {
            for (const [event, handler] of Object.entries(value)) {
              node.addEventListener(event, handler);
            }
          } else if (name === 'css') {
            for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
          } else if (name === 'href' && !/^#\//.test(value)) {
            throw new Error('links lead to views of this page only');
          } else if (['checked', 'disabled', 'open', 'selected'].includes(name)) {
            node[name] = true;
          } else if (plain.has(name) || name.startsWith('aria-') || name.startsWith('data-')) {
            node.setAttribute(name, String(value));
          } else {
            throw new Error(`attribute ${name} is not in use here`);
          }
        }

        function fill(node, properties, children) {
          for (const [name, value] of Object.entries(properties ?? {})) set(node, name, value);
          const isThere = (child) => child !== null && child !== undefined && child !== false;
          node.append(...children.flat(Infinity).filter(isThere));
          return node;
        }

        /// An HTML element.
        export function h(name, properties, ...children) {
          return fill(document.createElement(name), properties, children);
        }

        /// An SVG element.
        export function s(name, properties, ...children) {
          return fill(document.createElementNS(svgSpace, name), properties, children);
        }

        /// A button that does not send its form.
        export function button(label, action, properties) {
          return h('button', { type: 'button', on: { click: action }, ...properties }, label);
        }

        /// A labelled field of a form.
        export function field(label, input, properties) {
          return h('label', { class: 'field', ...properties }, h('span', null, label), input);
        }

        /// A select; options are values or [value, text].
        export function select(name, options, value) {
          return h('select', { name }, options.map((option) => {
            const [key, text] = Array.isArray(option) ? option : [option, option];
            return h('option', { value: key, selected: key === value }, text);
          }));
        }

        /// Gives a select other options and keeps what is chosen, known or not.
        export function refill(node, options, value) {
          const keys = options.map((option) => (Array.isArray(option) ? option[0] : option));
          const all = value && !keys.includes(value) ? [...options, value] : options;
          if (node.dataset.keys !== JSON.stringify(all)) {
            node.dataset.keys = JSON.stringify(all);
            node.replaceChildren(...select('', all, value).children);
          }
          node.value = value;
        }

        /// What went wrong and what to do about it.
        export function failure(error, retry) {
          return h('div', { class: 'notice bad', role: 'alert' },
            h('p', { class: 'what' }, prose(error.message)),
            error.remedy && h('p', null, prose(error.remedy)),
            h('p', { class: 'quiet' }, [error.code, error.status && `HTTP ${error.status}`]
              .filter(Boolean).join(', '), retry && [' ', button('Try again', retry)]));
        }

        /// A calm remark in place of a list.
        export function remark(title, ...children) {
          return h('div', { class: 'notice' }, h('p', { class: 'what' }, title), ...children);
        }

        /// A sentence whose `quoted` parts are set as code.
        export function prose(text) {
          return sentence(text).split('`').map(
            (part, index) => (index % 2 ? h('code', null, part) : part));
        }

        /// Text with a capital and a full stop.
        function sentence(text) {
          const trimmed = String(text ?? '').trim();
          if (!trimmed) return '';
          const first = /^[a-z]+\b(?![._])/.test(trimmed)
            ? trimmed[0].toUpperCase() + trimmed.slice(1) : trimmed;
          return /[.!?`]$/.test(first) ? first : `${first}.`;
        }

        /// Lets the arrow keys move between the elements that match a selector.
        export function arrows(container, selector) {
          container.addEventListener('keydown', (event) => {
            const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
            if (!step || event.target.matches('input, select, textarea')) return;
            const all = [...container.querySelectorAll(selector)].filter(
              (node) => node.offsetParent);
            const index = all.indexOf(event.target.closest(selector));
            const next = all[index + step];
            if (index < 0 || !next) return;
            event.preventDefault();
            next.focus();
          });
        }

        /// A block of text with a button that copies it.
        export function copyable(text) {
          const copy = button('Copy', async () => {
            try {
              await navigator.clipboard.writeText(text);
              copy.textContent = 'Copied';
            } catch {
              getSelection().selectAllChildren(block);
              copy.textContent = 'Selected';
            }
            setTimeout(() => { copy.textContent = 'Copy'; }, 1500);
          }, { class: 'copy' });
          const block = h('pre', { tabindex: '0' }, text);
          return h('div', { class: 'copyable' }, block, copy);
        }
        """#
}
