'use strict';
// Draws the map above each table and keeps the page up to date. Without it, the tables are a static reading.
const [summary, live, aloud, news] = ['summary', 'live', 'aloud', 'news'].map((id) => document.getElementById(id));
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const known = new Map();
const PATIENCE = 45000, WIDTH = 960, HEIGHT = 132, GAP = 10;
const SIGNS = { free: ['○', 'free'], booked: ['◐', 'booked'], inUse: ['●', 'in-use'], unknown: ['?', 'unknown'] };

// An element of SVG. Texts are set as texts, never as markup.
const make = (name, attributes, ...inside) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
};

// Larger rooms are wider; rows are filled from the left, and stretched a little where they are not full.
const places = (rooms) => {
  const share = ({ capacity }) => (!(capacity > 1) ? 2 : capacity <= 4 ? 3 : capacity <= 10 ? 4 : 6);
  const sum = (row) => row.reduce((all, room) => all + share(room), 0);
  const rows = [[]];
  for (const room of rooms) {
    if (sum(rows.at(-1)) + share(room) > 12) rows.push([]);
    rows.at(-1).push(room);
  }
  const found = new Map();
  rows.forEach((row, at) => {
    const unit = ((WIDTH - GAP) / 12) * Math.min(12 / sum(row), 1.5);
    let x = GAP;
    for (const room of row) {
      found.set(room.id, { x, y: GAP + at * (HEIGHT + GAP), width: share(room) * unit - GAP });
      x += share(room) * unit;
    }
  });
  return [found, GAP + rows.length * (HEIGHT + GAP)];
};

const drawRoom = ({ room, says, label }, { x, y, width }) => {
  const [sign, look] = SIGNS[room.state];
  const text = (kind, down, words) => make('text', { class: kind, x: x + 14, y: y + down }, words);
  const fits = Math.floor((width - 24) / 9.5);
  const name = room.name.length > fits ? `${room.name.slice(0, fits - 1)}…` : room.name;
  const people = room.people == null ? '' : room.capacity ? `${room.people} of ${room.capacity}` : `${room.people} people`;
  const feel = [['temperature', 1, ' °C'], ['noise', 0, ' dB'], ['humidity', 0, ' %'], ['airQuality', 1, ' air']]
    .filter(([key]) => room[key] != null).map(([key, digits, unit]) => room[key].toFixed(digits) + unit);
  const box = { x, y, width, height: HEIGHT, rx: 8 };
  const link = make('a', { id: `room-${room.id}`, class: `room ${look}`, href: `#row-${room.id}`, 'aria-label': says },
    make('rect', { class: 'base', ...box }), make('rect', { class: 'pattern', fill: `url(#pattern-${look})`, ...box }),
    text('name', 28, name), text('state', 52, `${sign} ${width < 200 ? label.split(',')[0] : label}`),
    text('more', 76, people), text('more', 97, feel.slice(0, width > 260 ? 3 : 2).join(' · ')));
  // A seat for each person who fits in, as far as there is space; taken ones are filled.
  for (let seat = 0; seat < (room.capacity ?? 0) && 28 + seat * 15 < width; seat += 1) {
    const taken = seat < (room.people ?? 0) ? 'seat taken' : 'seat';
    link.append(make('circle', { class: taken, cx: x + 19 + seat * 15, cy: y + HEIGHT - 15, r: 5 }));
  }
  return link;
};

const drawFloor = (section) => {
  const here = [...section.querySelectorAll('tbody tr')].map((row) => known.get(row.id.slice(4))).filter(Boolean);
  const [found, height] = places(here.map(({ room }) => room));
  const name = section.querySelector('h2').textContent;
  const focused = document.activeElement?.id;
  section.querySelector('.map').replaceChildren(
    make('svg', { class: 'floor', viewBox: `0 0 ${WIDTH} ${height}`, role: 'group', 'aria-label': `Map of ${name}` },
      make('rect', { class: 'walls', width: WIDTH, height, rx: 14 }),
      ...here.map((it) => drawRoom(it, found.get(it.room.id)))));
  if (focused && document.activeElement?.id !== focused) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
};

let source, watchdog, first;
const show = ({ layout, summary: all, rooms }) => {
  if (layout !== document.body.dataset.layout) return location.reload();
  const floors = new Set();
  for (const it of rooms) {
    known.set(it.room.id, it);
    const row = document.getElementById(`row-${it.room.id}`);
    floors.add(row.closest('section'));
    row.outerHTML = it.row; // Written, and escaped, by the server.
  }
  floors.forEach(drawFloor);
  summary.textContent = all;
  live.textContent = `Live. Last change at ${clock.format(new Date())}.`;
  if (!first && aloud.querySelector('input').checked) {
    const more = rooms.length > 3 ? `, and ${rooms.length - 3} more` : '';
    news.textContent = rooms.slice(0, 3).map(({ says }) => says).join('. ') + more;
  }
  first = false;
};

const connect = () => {
  clearTimeout(watchdog);
  source?.close();
  source = new EventSource('events');
  first = true;
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(connect, PATIENCE);
  };
  source.onopen = alive;
  source.addEventListener('beat', alive);
  source.onmessage = (event) => { alive(); show(JSON.parse(event.data)); };
  source.onerror = () => {
    live.textContent = `Not live: the connection was lost at ${clock.format(new Date())}. Trying again.`;
    first = true;
    clearTimeout(watchdog);
    watchdog = setTimeout(connect, source.readyState === EventSource.CLOSED ? 5000 : PATIENCE);
  };
};

aloud.hidden = false;
connect();
