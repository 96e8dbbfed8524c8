// Shows /openapi.json and /asyncapi.json. Everything is made of elements and text, nothing of markup.
'use strict';

/** An element: its name, attributes, and what is in it. */
function el(name, attributes = {}, ...inside) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(attribute, '');
    else if (value !== false && value !== undefined) element.setAttribute(attribute, value);
  }
  element.append(...inside.flat().filter((it) => it !== undefined && it !== null));
  return element;
}

/** A sentence, where what stands between backticks is code. */
function prose(text) {
  return String(text).split('`').map((part, i) => (i % 2 ? el('code', {}, part) : part));
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Follows a reference of a document. */
function resolve(document_, node) {
  let hops = 0;
  while (node && node.$ref && hops < 20) {
    node = node.$ref.slice(2).split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce((at, part) => at?.[part], document_);
    hops += 1;
  }
  return node;
}

const nameOf = (schema) => schema?.$ref?.split('/').pop();

/** A shape in a word or two. */
function kind(root, schema) {
  if (schema === true || schema === undefined) return 'anything';
  const name = nameOf(schema);
  const it = resolve(root, schema) ?? {};
  if (it === true) return 'anything';
  const types = [it.type].flat().filter(Boolean);
  const choice = it.oneOf ?? it.anyOf;
  if (choice?.some((one) => one.type === 'null')) {
    return [...choice.filter((one) => one.type !== 'null').map((one) => kind(root, one)), 'null'].join(' or ');
  }
  const words = it.enum ?? (choice?.every((one) => one.const !== undefined) ? choice.map((one) => one.const) : undefined);
  let text;
  if (types.includes('array')) text = `list of ${kind(root, it.items)}`;
  else if (words) text = words.filter((word) => word !== null).map((word) => JSON.stringify(word)).join(', ');
  else if (name) text = name;
  else if (it.const !== undefined) text = JSON.stringify(it.const);
  else if (choice) text = choice.map((one) => kind(root, one)).join(' or ');
  else if (it.format) text = `${types.filter((t) => t !== 'null').join(' or ') || 'string'} (${it.format})`;
  else text = types.filter((t) => t !== 'null').join(' or ') || 'anything';
  return types.includes('null') ? `${text} or null` : text;
}

/** What can be looked into: members of an object, items of a list, or the alternatives. */
function parts(root, schema) {
  const it = resolve(root, schema);
  if (!it || it === true) return [];
  if (it.properties) {
    const required = new Set(it.required ?? []);
    return Object.entries(it.properties).map(([name, member]) => ({ name, member, must: required.has(name) }));
  }
  if (it.items && it.items !== true) return parts(root, it.items);
  const choice = it.oneOf ?? it.anyOf ?? it.allOf;
  if (choice) {
    const real = choice.filter((one) => one.type !== 'null');
    if (real.every((one) => one.const !== undefined)) return [];
    if (real.length === 1) return parts(root, real[0]);
    return real.map((one, i) => ({ name: `${i + 1}.`, member: one, must: false, loose: true }));
  }
  if (it.additionalProperties && typeof it.additionalProperties === 'object') {
    return [{ name: '(any name)', member: it.additionalProperties, must: false, loose: true }];
  }
  return [];
}

/** The members of a shape as a list; what is nested is made when it is opened. */
function shape(root, schema) {
  const list = el('ul', { class: 'shape' });
  for (const { name, member, must, loose } of parts(root, schema)) {
    const said = member?.description ?? resolve(root, member)?.description;
    const head = [
      loose ? name : el('code', {}, name), ' ',
      el('span', { class: 'kind' }, kind(root, member)),
      must ? el('span', { class: 'must' }, ' required') : null,
    ];
    const text = said ? el('span', { class: 'said' }, prose(said)) : null;
    if (parts(root, member).length) {
      const more = el('details', {}, el('summary', {}, head), text);
      more.addEventListener('toggle', () => more.append(shape(root, member)), { once: true });
      list.append(el('li', {}, more));
    } else {
      list.append(el('li', {}, head, text));
    }
  }
  return list;
}

/** A shape with its name above it. */
function body(root, schema) {
  const said = resolve(root, schema)?.description;
  return [
    el('p', {}, el('code', {}, kind(root, schema)), said ? [' ', ...prose(said)] : ''),
    shape(root, schema),
  ];
}

/** A value that would do, for the example. */
function example(root, schema, depth = 0) {
  const it = resolve(root, schema);
  if (!it || it === true || depth > 4) return {};
  if (it.examples?.length) return it.examples[0];
  if (it.const !== undefined) return it.const;
  if (it.enum) return it.enum[0];
  const choice = (it.oneOf ?? it.anyOf ?? it.allOf)?.find((one) => one.type !== 'null');
  if (choice) return example(root, choice, depth);
  const type = [it.type].flat().find((t) => t !== 'null');
  switch (type) {
    case 'array': return [example(root, it.items, depth + 1)];
    case 'boolean': return true;
    case 'integer': case 'number': return it.minimum ?? 1;
    case 'string': return it.format === 'date-time' ? '2026-03-04T05:06:07.089Z' : '…';
    default: break;
  }
  if (!it.properties) return {};
  const required = new Set(it.required ?? []);
  const chosen = Object.entries(it.properties).filter(([name], i) => required.has(name) || (!required.size && i < 2));
  return Object.fromEntries(chosen.map(([name, member]) => [name, example(root, member, depth + 1)]));
}

/** The request as a line for a shell. */
function curl(root, method, path, operation) {
  const parameters = (operation.parameters ?? []).map((it) => resolve(root, it));
  const query = parameters.filter((it) => it.in === 'query' && it.required).map((it) => `${it.name}=…`).join('&');
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => `$${name.replaceAll(/([A-Z])/g, '_$1').toUpperCase()}`);
  const quoted = `"${root.servers[0].url}${filled}${query && `?${query}`}"`;
  const lines = [method === 'get' ? `curl ${quoted}` : `curl -X ${method.toUpperCase()} ${quoted}`];
  if (operation.security?.length) lines.push('-H "Authorization: Bearer $TOKEN"');
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})
    .find(([name]) => name === 'application/json') ?? Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  if (type) {
    lines.push(`-H "Content-Type: ${type}"`);
    if (media?.schema) lines.push(`-d '${JSON.stringify(example(root, media.schema))}'`);
  }
  return lines.join(' \\\n  ');
}

/** Puts text on the clipboard, also where the page has no permission for the newer way. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el('textarea', { 'aria-hidden': 'true' });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

function copyable(text) {
  const button = el('button', { type: 'button', 'aria-live': 'polite' }, 'Copy');
  button.addEventListener('click', async () => {
    button.textContent = (await copy(text)) ? 'Copied' : 'Select it by hand';
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  return el('div', { class: 'curl' }, el('pre', { tabindex: '0' }, el('code', {}, text)), button);
}

const scopesOf = (operation) => [...new Set((operation.security ?? []).flatMap((way) => Object.values(way).flat()))];

/** What stands in an opened operation. */
function inside(root, method, path, operation) {
  const all = [];
  if (operation.deprecated) all.push(el('p', {}, el('strong', {}, 'Deprecated.')));
  if (operation.description) all.push(el('p', {}, prose(operation.description)));
  const scopes = scopesOf(operation);
  if (!operation.security?.length) all.push(el('p', {}, 'Needs no token.'));
  else if (!scopes.length) all.push(el('p', {}, 'Needs a token; no scope.'));
  else {
    all.push(el('p', { class: 'scopes' }, scopes.length > 1 ? 'Needs one of the scopes' : 'Needs the scope',
      scopes.map((scope) => el('code', {}, scope))));
  }
  const parameters = (operation.parameters ?? []).map((it) => resolve(root, it));
  if (parameters.length) {
    const rows = parameters.map((it) => el('tr', {},
      el('th', { scope: 'row' }, el('code', {}, it.name), it.required ? el('span', { class: 'must' }, ' required') : ''),
      el('td', {}, it.in), el('td', {}, kind(root, it.schema)), el('td', {}, prose(it.description ?? ''))));
    all.push(el('h4', {}, 'Parameters'), el('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Parameters' },
      el('table', {}, el('thead', {}, el('tr', {}, ['Name', 'In', 'Type', 'What it does'].map((head) => el('th', { scope: 'col' }, head)))),
        el('tbody', {}, rows))));
  }
  for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
    all.push(el('h4', {}, 'Body ', el('code', {}, type), operation.requestBody.required ? '' : el('span', { class: 'soft' }, ' may be left out')));
    if (media.schema) all.push(...body(root, media.schema));
  }
  const failures = [];
  for (const [status, reference] of Object.entries(operation.responses)) {
    const answer = resolve(root, reference);
    if (Number(status) >= 400) {
      failures.push(el('tr', {}, el('th', { scope: 'row' }, el('code', {}, status)), el('td', {}, prose(answer.description))));
      continue;
    }
    all.push(el('h4', {}, 'Answer ', el('code', {}, status), el('span', { class: 'soft' }, ` ${answer.description}`)));
    const content = Object.entries(answer.content ?? {});
    if (!content.length) all.push(el('p', { class: 'soft' }, 'No body.'));
    for (const [type, media] of content) {
      all.push(el('p', {}, el('code', {}, type)));
      if (media.schema) all.push(...body(root, media.schema));
    }
  }
  if (failures.length) {
    const error = resolve(root, root.components.responses.InternalServerError)?.content?.['application/json']?.schema;
    const errors = el('details', {}, el('summary', {}, 'Body of an error'));
    if (error) errors.append(shape(root, error));
    all.push(el('h4', {}, 'Errors'), el('table', {}, el('tbody', {}, failures)), errors);
  }
  for (const [name, callback] of Object.entries(operation.callbacks ?? {})) {
    for (const [address, item] of Object.entries(callback)) {
      const sent = item.post;
      all.push(el('h4', {}, 'Sends then: ', name), el('p', {}, `${sent.summary}, to `, el('code', {}, address), '.'));
      for (const media of Object.values(sent.requestBody?.content ?? {})) all.push(...body(root, media.schema));
    }
  }
  all.push(el('h4', {}, 'Example'), copyable(curl(root, method, path, operation)));
  return all;
}

/** A row that opens. Its inside is made when it does. */
function row(id, method, path, summary, old, fill) {
  const details = el('details', { class: old ? 'operation old' : 'operation', id },
    el('summary', {}, el('span', { class: `method ${method}` }, method.toUpperCase()),
      el('span', { class: 'path' }, path), el('span', { class: 'what' }, summary)));
  details.addEventListener('toggle', () => {
    details.append(el('div', { class: 'inside' }, fill()));
  }, { once: true });
  return details;
}

/** Operations of the contract by chapter, in the contract's order of chapters. */
function chaptersOf(root) {
  const chapters = new Map(root.tags.map(({ name }) => [name, []]));
  for (const [path, item] of Object.entries(root.paths)) {
    for (const method of METHODS.filter((it) => item[it])) {
      const operation = item[method];
      const text = [method, path, operation.summary, operation.operationId, operation.tags[0], ...scopesOf(operation)];
      chapters.get(operation.tags[0]).push({
        text: text.join(' ').toLowerCase(),
        element: row(operation.operationId, method, path, operation.summary, operation.deprecated,
          () => inside(root, method, path, operation)),
      });
    }
  }
  return chapters;
}

/** Channels of what is sent, as one more chapter. */
function channelsOf(root) {
  return Object.entries(root.operations).map(([id, operation]) => {
    const channel = resolve(root, operation.channel);
    const title = `${operation.summary}: ${channel.title ?? ''}`;
    const fill = () => [
      channel.description ? el('p', {}, prose(channel.description)) : null,
      operation.messages.map((reference) => {
        const message = resolve(root, reference);
        return [
          el('h4', {}, message.title),
          message.headers ? shape(root, message.headers) : null,
          body(root, message.payload),
        ];
      }).flat(2),
    ].flat();
    return {
      text: ['send', id, title, channel.address ?? ''].join(' ').toLowerCase(),
      element: row(`sent-${id}`, operation.action, channel.address ?? 'a URL of yours', title, false, fill),
    };
  });
}

const anchor = (name) => `chapter-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;

function show(chapters) {
  const main = document.getElementById('operations');
  const list = document.getElementById('chapters');
  const sections = [];
  for (const [name, operations] of chapters) {
    if (!operations.length) continue;
    const number = el('span', { class: 'soft' }, String(operations.length));
    const link = el('li', {}, el('a', { href: `#${anchor(name)}` }, name, number));
    const section = el('section', { id: anchor(name), 'aria-labelledby': `${anchor(name)}-title` },
      el('h2', { id: `${anchor(name)}-title` }, name), operations.map(({ element }) => element));
    main.append(section);
    list.append(link);
    sections.push({ section, link, number, operations });
  }
  return sections;
}

/** Hides what does not hold every word. */
function filter(sections, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const { section, link, number, operations } of sections) {
    let here = 0;
    for (const { element, text: searched } of operations) {
      const fits = words.every((word) => searched.includes(word));
      element.hidden = !fits;
      here += fits ? 1 : 0;
    }
    section.hidden = !here;
    link.hidden = !here;
    number.textContent = String(here);
    shown += here;
  }
  document.getElementById('count').textContent = shown === 1 ? '1 operation' : `${shown} operations`;
}

/** Opens what the address points to. */
function follow() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches('details')) {
    target.open = true;
    target.scrollIntoView();
    target.querySelector('summary').focus();
  }
}

/** Light, dark, or as the system; remembered where the browser lets us. */
function themes() {
  const button = document.getElementById('theme');
  const words = { auto: 'as the system', light: 'light', dark: 'dark' };
  const remembered = () => { try { return localStorage.getItem('hallway-theme'); } catch { return null; } };
  const set = (theme) => {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${words[theme]}`;
    button.dataset.theme = theme;
    try { localStorage.setItem('hallway-theme', theme); } catch { /* a page without storage forgets it */ }
  };
  set(Object.hasOwn(words, remembered() ?? '') ? remembered() : 'auto');
  const next = { auto: 'light', light: 'dark', dark: 'auto' };
  button.addEventListener('click', () => set(next[button.dataset.theme]));
}

async function read(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} answers ${answer.status}`);
  return answer.json();
}

async function start() {
  themes();
  const waiting = document.getElementById('waiting');
  try {
    const [openapi, asyncapi] = await Promise.all([read('openapi.json'), read('asyncapi.json')]);
    document.getElementById('version').textContent = `Version ${openapi.info.version}`;
    document.getElementById('server').textContent = openapi.servers[0].url;
    const chapters = chaptersOf(openapi);
    chapters.set('What is sent', channelsOf(asyncapi));
    const sections = show(chapters);
    waiting.remove();
    const box = document.getElementById('filter');
    box.addEventListener('input', () => filter(sections, box.value));
    document.getElementById('search').addEventListener('submit', (event) => event.preventDefault());
    document.addEventListener('keydown', (event) => {
      const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea');
      if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        box.focus();
      }
      if (event.key === 'Escape' && event.target === box) {
        box.value = '';
        filter(sections, '');
      }
    });
    // The address stays that of the operation that was opened last, so that it can be shared.
    document.addEventListener('toggle', (event) => {
      if (event.target.matches?.('.operation') && event.target.open) history.replaceState(null, '', `#${event.target.id}`);
    }, true);
    filter(sections, box.value);
    window.addEventListener('hashchange', follow);
    follow();
  } catch (error) {
    waiting.textContent = `The contract could not be shown: ${error.message}`;
  }
}

start();
