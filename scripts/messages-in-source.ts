/** Finds the texts for people in a TypeScript source: t`...` and N_('...'). */
import ts from 'typescript';
import { keyOf } from '../nodes/language/catalogue';
import { unbroken } from '../nodes/language/text';

export interface Message {
  /** As a catalogue has it: `__name__` for a value. */
  text: string;
  /** The same for the same text, whatever its values are called. */
  key: string;
  /** File and line. */
  place: string;
}

/** The texts of a source, in their order. Throws for one that could not be translated when it is shown. */
export function messagesIn(file: string, source: string): Message[] {
  const root = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: Message[] = [];
  const visit = (node: ts.Node): void => {
    const refuse = (why: string): never => {
      throw new Error(`${placeOf(node)}: ${why}: ${node.getText()}`);
    };
    if (ts.isTaggedTemplateExpression(node) && node.tag.getText() === 't') {
      if (!ts.findAncestor(node, ts.isFunctionLike)) {
        refuse(
          'it would be translated when the file is loaded, before there is a language; use N_ and translate',
        );
      }
      const { pieces, values } = takeApart(node.template, refuse);
      const names = namesOf(values);
      const text = pieces.reduce((whole, piece, i) => `${whole}__${names[i - 1]}__${piece}`);
      found.push({ text, key: keyOf(pieces), place: placeOf(node) });
    }
    if (ts.isCallExpression(node) && node.expression.getText() === 'N_') {
      const [text] = node.arguments;
      if (text && ts.isStringLiteralLike(text)) {
        found.push({ text: text.text, key: keyOf([text.text]), place: placeOf(node) });
      } else refuse('N_ takes one text as it is');
    }
    ts.forEachChild(node, visit);
  };
  const placeOf = (node: ts.Node) =>
    `${file}:${root.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
  visit(root);
  return found;
}

function takeApart(
  template: ts.TemplateLiteral,
  refuse: (why: string) => never,
): { pieces: string[]; values: ts.Expression[] } {
  const spans = ts.isTemplateExpression(template) ? template.templateSpans : [];
  const literals = ts.isTemplateExpression(template)
    ? [template.head, ...spans.map(({ literal }) => literal)]
    : [template];
  for (const literal of literals) {
    if (lineBreaks(literal.text) !== lineBreaks(literal.getText()))
      refuse('a line break can not be part of a text');
  }
  return {
    pieces: literals.map(({ text }) => unbroken(text)),
    values: spans.map(({ expression }) => expression),
  };
}

function lineBreaks(text: string): number {
  return text.split('\n').length - 1;
}

/** A name for each value, for translators; the same for the same expression and no other. */
function namesOf(values: ts.Expression[]): string[] {
  const names = new Map<string, string>();
  for (const value of values) {
    const code = value.getText();
    if (names.has(code)) continue;
    const name = nameOf(value);
    const taken = [...names.values()];
    let unique = name;
    for (let i = 2; taken.includes(unique); i += 1) unique = `${name}${i}`;
    names.set(code, unique);
  }
  return values.map((value) => names.get(value.getText()) as string);
}

/** What the code calls a value: `limit` for `policy.limit`, `sslEnable` for `reader.key('ssl.enable')`. */
function nameOf(value: ts.Expression): string {
  if (ts.isIdentifier(value)) return value.text;
  if (ts.isPropertyAccessExpression(value)) {
    return value.name.text === 'length' ? nameOf(value.expression) : value.name.text;
  }
  if (ts.isElementAccessExpression(value)) return nameOf(value.expression);
  if (ts.isCallExpression(value)) return nameOfCall(value);
  if (ts.isBinaryExpression(value)) return nameOf(value.left);
  if (ts.isParenthesizedExpression(value) || ts.isAsExpression(value) || ts.isTypeOfExpression(value)) {
    return nameOf(value.expression);
  }
  if (ts.isConditionalExpression(value)) return nameOf(value.whenFalse);
  return 'value';
}

function nameOfCall({ expression, arguments: [first] }: ts.CallExpression): string {
  if (first && ts.isStringLiteral(first) && /^[a-z]/i.test(first.text)) return camelCase(first.text);
  if (first && !ts.isStringLiteralLike(first) && !ts.isFunctionLike(first)) {
    const name = nameOf(first);
    if (name !== 'value') return name;
  }
  return ts.isPropertyAccessExpression(expression) ? nameOf(expression.expression) : nameOf(expression);
}

function camelCase(text: string): string {
  return text.replace(/[^a-z0-9]+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}
