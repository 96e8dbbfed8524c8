// The official on-device client against a simulated device, on Hallway's own port.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { connect } from 'jsxapi';

import { Hallway } from '../lib/hallway.mjs';
import { eventually, Record, within } from '../lib/waiting.mjs';

const ROOM = 'Tern Desk Pro';

describe('jsxapi', () => {
  let hallway;
  let xapi;
  let open;

  before(async () => {
    hallway = await Hallway.start();
    open = async (username, password = hallway.token) => {
      const client = connect(hallway.url.replace('http', 'ws'), { username, password, loglevel: 'silent' });
      // A refusal comes as two errors, and jsxapi takes every end but code 1000 for one.
      client.on('error', () => {});
      await within(once(client, 'ready'), 'the connection is ready'); // rejects on 'error'
      return client;
    };
    xapi = await open(ROOM);
  });
  after(async () => {
    xapi?.close();
    await hallway?.stop();
  });

  /** Subscribes and waits until the device knows. */
  async function listen(listenable, path) {
    const seen = new Record();
    const off = listenable.on(path, (value, root) => seen.push({ value, root }));
    await within(off.registration, `the subscription to ${path}`);
    return { seen, off };
  }

  /** Ends a connection by `how`, and waits until the client has noticed. */
  const ended = async (client, how) => {
    const end = new Promise((resolve) => client.once('close', resolve).once('error', resolve));
    await how();
    await end;
  };

  const raw = (code) => (error) => {
    assert.equal(error.code, code, JSON.stringify(error));
    assert.equal(typeof error.message, 'string');
    return true;
  };

  test('wrong users and passwords are refused', async () => {
    for (const [user, password] of [[ROOM, 'wrong'], ['No such room', hallway.token], [ROOM, '']]) {
      await assert.rejects(open(user, password || ' '), /403/, `${user}`);
    }
  });

  test('a device is named by its id too', async () => {
    const client = await open(await hallway.deviceId(ROOM));
    assert.equal(typeof await client.Status.Audio.Volume.get(), 'number');
    const closed = once(client, 'close'); // rejects on 'error'
    client.close();
    await within(closed, 'a close without error');
  });

  describe('status', () => {
    test('is read as leaf and as tree', async () => {
      await xapi.Command.Audio.Volume.Set({ Level: 33 });
      assert.equal(await xapi.Status.Audio.Volume.get(), 33);
      assert.equal(await xapi.status.get('Audio Volume'), 33);
      assert.equal(await xapi.status.get('audio/volume'), 33);
      assert.equal((await xapi.Status.Audio.get()).Volume, 33);
      assert.equal(typeof (await xapi.status.get(['SystemUnit', 'State'])).System, 'string');
    });

    test('of lists has ids', async () => {
      const { CallId } = await xapi.Command.Dial({ Number: 'studio@example.com' });
      const calls = await xapi.Status.Call.get();
      assert.ok(Array.isArray(calls) && calls.length === 1, JSON.stringify(calls));
      assert.equal(Number(calls[0].id), CallId);
      assert.equal(typeof await xapi.Status.Call[CallId].Status.get(), 'string');
      await xapi.Command.Call.Disconnect({ CallId });
    });

    test('that does not exist is error -32601', async () => {
      await assert.rejects(xapi.Status.Self.Destruct.get(), raw(-32601));
    });

    test('changes are told, until nobody listens', async () => {
      const { seen, off } = await listen(xapi.status, 'Audio Volume');
      const other = await listen(xapi.status, 'Audio');
      await xapi.Command.Audio.Volume.Set({ Level: 51 });
      const { value, root } = await seen.first(() => true, 'the volume');
      assert.equal(value, 51);
      assert.deepEqual(root.Status, { Audio: { Volume: 51 } });
      await other.seen.first((item) => item.value.Volume === 51, 'the volume in its tree');

      off();
      await xapi.Command.Audio.Volume.Set({ Level: 52 });
      await other.seen.first((item) => item.value.Volume === 52, 'the next volume');
      assert.equal(seen.mark, 1);
      other.off();
    });

    test('each subscription hears once', async () => {
      const [one, two] = [await listen(xapi.status, 'Audio Volume'), await listen(xapi.status, 'Audio Volume')];
      await xapi.Command.Audio.Volume.Set({ Level: 61 });
      await xapi.Command.Audio.Volume.Set({ Level: 62 });
      for (const { seen, off } of [one, two]) {
        await seen.first(({ value }) => value === 62, 'the last volume');
        assert.deepEqual(seen.all.map(({ value }) => value), [61, 62]);
        off();
      }
    });

    test('what the platform does to a device is heard on the device', async () => {
      const { seen, off } = await listen(xapi.status, 'RoomAnalytics PeopleCount');
      await hallway.json('device', 'set', ROOM, 'RoomAnalytics.PeopleCount.Current', '1');
      await hallway.json('device', 'set', ROOM, 'RoomAnalytics.PeopleCount.Current', '2');
      await seen.first(({ value }) => value.Current === 2, 'the count');
      off();
    });

    test('a list item comes, changes and leaves as a ghost', async () => {
      const items = await listen(xapi.status, 'Call');
      const states = await listen(xapi.status, 'Call Status');
      const { CallId } = await xapi.Command.Dial({ Number: 'gannet@example.com' });
      await states.seen.first(({ value }) => value === 'Connected', 'the connection');
      const mine = ({ value }) => Number(value.id) === CallId;
      await items.seen.first(mine, 'the call');
      await xapi.Command.Call.Disconnect({ CallId });
      const { value } = await items.seen.first((item) => mine(item) && item.value.ghost === 'True', 'its ghost');
      assert.equal(Number(value.id), CallId);
      items.off();
      states.off();
    });
  });

  describe('commands', () => {
    test('answer with status and result', async () => {
      const done = await xapi.Command.Standby.Deactivate();
      assert.equal(done.status, 'OK');
      const { Extensions } = await xapi.Command.UserInterface.Extensions.List({ ActivityType: 'Custom' });
      assert.equal(typeof Extensions, 'object');
    });

    test('take bodies of several lines', async () => {
      const source = 'line one\n  "line two"\nпривет\n';
      await xapi.Command.Macros.Macro.Save({ Name: 'lines' }, source);
      const { Macro } = await xapi.Command.Macros.Macro.Get({ Name: 'lines', Content: 'True' });
      assert.equal(Macro[0].Content, source);
    });

    test('take lists, numbers and booleans', async () => {
      await xapi.Command.Presentation.Start({ PresentationSource: [1, 2] });
      await xapi.Command.Presentation.Stop();
      await xapi.command('UserInterface Message Prompt Display', { Text: 'Well?', FeedbackId: 'f', 'Option.1': 'Yes' });
      await xapi.Command.UserInterface.Message.Prompt.Clear({ FeedbackId: 'f' });
    });

    test('by the hundred are all answered, and heard in order', async () => {
      const { seen, off } = await listen(xapi.status, 'Audio Volume');
      const levels = Array.from({ length: 200 }, (_, i) => 1 + (i % 100));
      const done = await Promise.all(levels.map((Level) => xapi.Command.Audio.Volume.Set({ Level })));
      assert.ok(done.every(({ status }) => status === 'OK'));
      await seen.first(({ value }) => value === 100 && seen.mark >= levels.length - 1, 'the last volume');
      assert.deepEqual(seen.all.map(({ value }) => value).slice(-99), levels.slice(-99));
      off();
    });

    test('that are unknown or wrong are errors', async () => {
      await assert.rejects(xapi.Command.Self.Destruct(), raw(-32601));
      await assert.rejects(xapi.Command.Audio.Volume.Set({ Level: 400 }), (error) => raw(1)(error) && error.data.Cause === 27);
      await assert.rejects(xapi.Command.Audio.Volume.Set(), (error) => [1, -32602].includes(error.code));
      await assert.rejects(xapi.Command.Call.Disconnect({ CallId: 77 }), raw(1));
      await assert.rejects(xapi.execute('xSelf/Destruct', {}), raw(-32601));
    });
  });

  describe('configurations', () => {
    test('are read, set and listened to', async () => {
      const { seen, off } = await listen(xapi.config, 'Audio DefaultVolume');
      await xapi.Config.Audio.DefaultVolume.set(41);
      assert.equal(await xapi.Config.Audio.DefaultVolume.get(), 41);
      assert.equal((await seen.first(() => true, 'the change')).value, 41);
      await xapi.config.set('Standby Delay', '20');
      assert.equal(await xapi.config.get('Standby Delay'), 20);
      off();
    });

    test('are the same in the cloud', async () => {
      await xapi.Config.SystemUnit.Name.set('Tern');
      const { items } = await hallway.json('xapi', 'config', 'get', ROOM, 'SystemUnit.Name');
      assert.equal(items['SystemUnit.Name'].value, 'Tern');
      const { seen, off } = await listen(xapi.config, 'SystemUnit Name');
      await hallway.json('xapi', 'config', 'set', ROOM, 'SystemUnit.Name', 'Tern 2');
      assert.equal((await seen.first(() => true, 'the change')).value, 'Tern 2');
      off();
    });

    test('of lists are addressed by number', async () => {
      await xapi.Config.NetworkServices.NTP.Server[2].Address.set('time.example.com');
      assert.equal(await xapi.Config.NetworkServices.NTP.Server[2].Address.get(), 'time.example.com');
    });

    test('refuse bad values and unknown paths', async () => {
      await assert.rejects(xapi.Config.Audio.DefaultVolume.set(900), (error) => raw(-32602)(error) && error.data.Cause === 27);
      await assert.rejects(xapi.Config.Self.Destruct.set(1), raw(-32601));
      await assert.rejects(xapi.Config.Self.Destruct.get(), raw(-32601));
    });
  });

  describe('events', () => {
    test('are heard', async () => {
      const panel = await listen(xapi.event, 'UserInterface Extensions Panel Clicked');
      const all = await listen(xapi.event, 'UserInterface Extensions');
      await hallway.json('device', 'emit', ROOM, 'UserInterface.Extensions.Panel.Clicked', '{"PanelId":"lights"}');
      assert.equal((await panel.seen.first(() => true, 'the click')).value.PanelId, 'lights');
      await all.seen.first(({ value }) => value.Panel?.Clicked?.PanelId === 'lights', 'the click in its tree');
      panel.off();
      all.off();
    });

    test('are raised by commands', async () => {
      const { seen, off } = await listen(xapi.event, 'UserInterface Message Prompt Response');
      await xapi.Command.UserInterface.Message.Prompt.Display({ Text: 'Well?', FeedbackId: 'q', 'Option.1': 'Yes' });
      await xapi.Command.UserInterface.Message.Prompt.Response({ FeedbackId: 'q', OptionId: 1 });
      assert.equal((await seen.first(() => true, 'the answer')).value.FeedbackId, 'q');
      off();
    });

    test('are heard once by whoever wants one', async () => {
      const seen = new Record();
      const off = xapi.Event.Message.Send.once((event) => seen.push(event));
      await off.registration;
      const { seen: all, off: allOff } = await listen(xapi.event, 'Message Send');
      await xapi.Command.Message.Send({ Text: 'first' });
      await xapi.Command.Message.Send({ Text: 'second' });
      await all.first(({ value }) => value.Text === 'second', 'the second message');
      assert.deepEqual(seen.all.map(({ Text }) => Text), ['first']);
      allOff();
    });
  });

  test('a subscription to what does not exist is refused', async () => {
    // Not by `on()`, which leaves a rejected promise behind that nobody can catch.
    await assert.rejects(xapi.execute('xFeedback/Subscribe', { Query: ['Status', 'Self', 'Destruct'] }), raw(-32601));
    await assert.rejects(xapi.execute('xFeedback/Unsubscribe', { Id: 4711 }), raw(-32602));
  });

  test('the schema is told', async () => {
    const volume = await xapi.doc('Status Audio Volume');
    assert.equal(volume.ValueSpace.type, 'Integer');
    const set = await xapi.doc('Command Audio Volume Set');
    assert.equal(set.command, 'True');
    assert.equal(set.Level.required, 'True');
  });

  test('two clients hear the same', async () => {
    const other = await open(ROOM);
    const [mine, theirs] = [await listen(xapi.status, 'Audio Volume'), await listen(other.status, 'Audio Volume')];
    await other.Command.Audio.Volume.Set({ Level: 71 });
    for (const { seen, off } of [mine, theirs]) {
      assert.equal((await seen.first(() => true, 'the volume')).value, 71);
      off();
    }
    other.close();
  });

  test('a restart closes connections', async () => {
    const client = await open('Wren Desk');
    await within(ended(client, () => hallway.json('device', 'reboot', 'Wren Desk')), 'the end of the connection');
    // It comes back, as devices do.
    await eventually(() => open('Wren Desk').then((again) => again.close(), () => false), 'the device is back');
  });
});
