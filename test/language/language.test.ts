import assert from 'node:assert/strict';
import { currentLanguage, inLanguage, matchLanguage, setLanguage } from '../../nodes/language/language';

const AVAILABLE = ['en-US', 'de', 'es-ES', 'fr', 'ja', 'ko', 'pt-BR', 'ru', 'zh-CN', 'zh-TW'];

describe('the language of a request', () => {
  for (const [header, language] of [
    ['de', 'de'],
    ['DE', 'de'],
    ['de-AT', 'de'],
    ['de-AT-1996', 'de'],
    ['es', 'es-ES'],
    ['es-MX', 'es-ES'],
    ['pt', 'pt-BR'],
    ['pt-PT', 'pt-BR'],
    ['zh', 'zh-CN'],
    ['zh-CN', 'zh-CN'],
    ['zh-Hans-SG', 'zh-CN'],
    ['zh-TW', 'zh-TW'],
    ['zh-Hant', 'zh-TW'],
    ['zh-HK', 'zh-TW'],
    ['en-GB', 'en-US'],
    ['en-GB,de;q=0.9', 'en-US'],
    ['fr;q=0.5, ja;q=0.8, de;q=0.7', 'ja'],
    ['sv, nl;q=0.9, ru;q=0.1', 'ru'],
    ['sv', 'en-US'],
    ['de;q=0', 'en-US'],
    ['*', 'en-US'],
    ['', 'en-US'],
    [', ;q=1, -', 'en-US'],
    ['../../etc', 'en-US'],
  ] as const) {
    it(`"${header}" is ${language}`, () => assert.equal(matchLanguage(header, AVAILABLE), language));
  }

  it('is English without a header', () => assert.equal(matchLanguage(undefined, AVAILABLE), 'en-US'));

  it('may be written for another country when there is nothing nearer', () => {
    assert.equal(matchLanguage('zh-TW', ['en-US', 'zh-CN']), 'zh-CN');
    assert.equal(matchLanguage('zh', ['en-US', 'zh-TW']), 'zh-TW');
  });
});

describe('the language of the process', () => {
  afterEach(() => setLanguage('en-US'));

  it('holds where no request has its own', () => {
    setLanguage('de');
    assert.equal(currentLanguage(), 'de');
    assert.equal(inLanguage('en-US', currentLanguage), 'en-US');
    assert.equal(
      inLanguage('en-US', () => inLanguage(null, currentLanguage)),
      'de',
    );
  });

  it('is English for a language without translations', () => {
    // What Node-RED answers when it knows no catalogue of the node.
    for (const language of ['language', 'xx', '']) {
      setLanguage(language);
      assert.equal(currentLanguage(), 'en-US');
    }
  });
});

describe('work in a language', () => {
  /** Promises that a test resolves. */
  function gate(): { opened: Promise<void>; open: () => void } {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    return { opened, open };
  }

  it('has its result, and the language of the process comes back', () => {
    assert.equal(inLanguage('de', currentLanguage), 'de');
    assert.equal(currentLanguage(), 'en-US');
  });

  it('may throw or reject', async () => {
    const fails = (): never => {
      throw new Error(currentLanguage());
    };
    assert.throws(() => inLanguage('de', fails), { message: 'de' });
    assert.equal(currentLanguage(), 'en-US');
    await assert.rejects(
      inLanguage('de', async () => {
        await Promise.resolve();
        fails();
      }),
      { message: 'de' },
    );
    assert.equal(inLanguage('fr', currentLanguage), 'fr');
  });

  it('keeps its language until it ends, whatever ends before or fails beside it', async () => {
    const [first, second] = [gate(), gate()];
    const heard = (opened: Promise<void>) => async () => {
      await opened;
      return currentLanguage();
    };
    const german = inLanguage('de', heard(first.opened));
    const french = inLanguage('fr', heard(second.opened));
    assert.equal(inLanguage('ja', currentLanguage), 'ja');
    assert.throws(() =>
      inLanguage('ko', () => {
        throw new Error('beside it');
      }),
    );
    first.open();
    assert.equal(await german, 'de');
    assert.equal(currentLanguage(), 'en-US');
    second.open();
    assert.equal(await french, 'fr');
    const later = inLanguage('ru', heard(Promise.resolve()));
    assert.equal(await later, 'ru');
  });

  it('keeps its language in what it awaits within other work', async () => {
    const { opened, open } = gate();
    const outer = inLanguage('de', async () => {
      const inner = await inLanguage('fr', async () => {
        await opened;
        return currentLanguage();
      });
      return [inner, currentLanguage()];
    });
    open();
    assert.deepEqual(await outer, ['fr', 'de']);
  });
});
