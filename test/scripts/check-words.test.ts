import { describe, expect, test } from '@jest/globals';
import { findDiscouragedWords, parseWordRules } from '../../scripts/check-words/rules.ts';

const rules = parseWordRules(`# a comment

folder | folders -> directory
  except "folder"
  except $HOME/folder
goes on -> continues
/(?<=\\/\\*\\*\\s(?:\\s*\\* )?)(?:Of|For)\\b/ -> a noun, or a verb
`);

function wordsIn(text: string): string[] {
  return findDiscouragedWords(text, rules).map(({ line, word }) => `${line} ${word}`);
}

describe('findDiscouragedWords', () => {
  test.each([
    ['a word', 'the folder', ['1 folder']],
    ['a word at the start of a sentence', 'Folders are made.', ['1 Folders']],
    ['a word in capital letters', 'FOLDER=1', ['1 FOLDER']],
    ['the first part of a name', 'folderOf(x)', ['1 folder']],
    ['a later part of a name', 'runFolder', ['1 Folder']],
    ['a phrase', 'the run goes on', ['1 goes on']],
    ['a phrase that is split over two lines of a comment', '/*\n * it goes\n * on\n */', ['2 goes on']],
    ['a phrase that is split over two line comments', '// it goes\n// on', ['1 goes on']],
    ['the opening of a docstring', '/** Of the file. */\n/**\n * For all. */', ['1 Of', '3 For']],
    ['several words, in their order', 'goes on\nfolder\ngoes on', ['1 goes on', '2 folder', '3 goes on']],
    ['a word beside an exception', 'key "folder" of a folder', ['1 folder']],
  ])('reports %s', (_title, text, found) => {
    expect(wordsIn(text)).toEqual(found);
  });

  test.each([
    ['a longer word', 'it goes only so far, and undergoes on Monday'],
    ['an exception', '{ "folder": 1 } cd $HOME/folder'],
    ['the word inside a docstring', '/** Returns the size. Of course. */'],
  ])('does not report %s', (_title, text) => {
    expect(wordsIn(text)).toEqual([]);
  });

  test('returns what to write instead', () => {
    expect(findDiscouragedWords('a\nfolder', rules)).toEqual([
      { line: 2, word: 'folder', replacement: 'directory' },
    ]);
  });
});

describe('parseWordRules', () => {
  test.each(['folder', 'folder ->', '  except x'])('rejects the line "%s"', (line) => {
    expect(() => parseWordRules(`# comment\n${line}\n`)).toThrow(
      `line 2 is "${line}"; expected "PATTERN -> REPLACEMENT"`,
    );
  });
});
