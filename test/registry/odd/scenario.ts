import { Draw } from '../../image/corpus/draw.ts';

/** Fault of a server's answer. */
export type Trouble =
  | { kind: 'status'; status: number; retryAfter: string | undefined }
  | { kind: 'cut' }
  | { kind: 'redirect'; status: number; to: RedirectTarget };

/** `self` redirects to another path of the same server; `loop` never ends; the last ones cannot be followed. */
export type RedirectTarget = 'self' | 'storage' | 'greedy' | 'loop' | 'odd';

export type LoginForm = 'auth' | 'fields' | 'identity' | 'registry-token' | 'environment' | 'helper' | 'none';
export type Realm = 'registry' | 'service' | 'odd';

/** Registry with the behavior of real and of hostile registries. */
export interface Scenario {
  readonly login: LoginForm;
  /** Whether the stored credentials are for HOST/r instead of HOST. */
  readonly isNamespaced: boolean;
  /** Additional, unusable keys in the file of credentials. */
  readonly noise: Readonly<Record<string, unknown>>;
  readonly schemes: readonly ('basic' | 'bearer')[];
  readonly realm: Realm;
  readonly oddRealm: string;
  /** Form of the challenges. */
  readonly style: ChallengeStyle;
  readonly scope: string | undefined;
  readonly tokenAnswer: 'token' | 'access_token' | 'empty' | 'null' | 'both' | 'none' | 'unusable';
  /** Faults of the first requests of each kind; among blobs, only requests for layers. */
  readonly tokenTroubles: readonly Trouble[];
  readonly manifestTroubles: readonly Trouble[];
  readonly blobTroubles: readonly Trouble[];
  /** Source of the answers for manifests and blobs. */
  readonly manifestsFrom: 'registry' | 'refused' | RedirectTarget;
  readonly blobsFrom: 'registry' | 'refused' | RedirectTarget;
  readonly redirectStatus: number;
  readonly oddLocation: string;
  readonly ranges: 'yes' | 'ignored' | 'refused' | 'early';
  readonly mirror: 'none' | 'good' | 'greedy' | 'broken' | 'damaging';
  /** Whether servers repeat requests in their bodies and headers. */
  readonly echoes: boolean;
  /** Whether a correct client gets the image. */
  readonly isPossible: boolean;
}

export interface ChallengeStyle {
  readonly letters: 'lower' | 'upper' | 'mixed';
  readonly isQuoted: boolean;
  readonly separator: string;
  readonly equals: string;
  readonly inSeveralHeaders: boolean;
  readonly others: 'none' | 'before' | 'behind';
  readonly isShuffled: boolean;
}

const usableLogins = [
  'auth',
  'fields',
  'identity',
  'identity',
  'registry-token',
  'environment',
  'helper',
] as const;
const oddLocations = [
  '',
  ' ',
  'http://[',
  'ftp://127.0.0.1/x',
  'ws://127.0.0.1/x',
  'FTP://127.0.0.1/x',
  'http://127.0.0.1:99999/',
  'file:///etc/passwd',
  'mailto:x',
  'http://',
] as const;
const oddRealms = [
  '',
  '/token',
  'garbage',
  'ftp://127.0.0.1/t',
  'http://[',
  'http://',
  'data:,x',
  'file:///etc/passwd',
] as const;
const redirectStatuses = [301, 302, 303, 307, 308] as const;
const unusableKeys = [
  null,
  7,
  [],
  'text',
  {},
  { auth: null },
  { auth: 'bm8gY29sb24=' },
  { identitytoken: null },
] as const;

type Draft = { -readonly [Key in keyof Omit<Scenario, 'isPossible'>]: Scenario[Key] };

type Oddity = (draft: Draft, draw: Draw) => void;

/** Deviations from a registry that follows the specifications. */
const oddities: readonly [Oddity, ...Oddity[]] = [
  (draft, draw) => {
    draft.realm = 'odd';
    draft.oddRealm = draw.of(oddRealms);
  },
  (draft, draw) => {
    draft.style = {
      letters: draw.of(['lower', 'upper', 'mixed'] as const),
      isQuoted: draw.once(2),
      separator: draw.of([',', ', ', ' , ', ',\t'] as const),
      equals: draw.of(['=', '=', ' = '] as const),
      inSeveralHeaders: draw.once(2),
      others: draw.of(['none', 'before', 'behind'] as const),
      isShuffled: draw.once(2),
    };
  },
  (draft, draw) => {
    draft.scope = draw.of(['', 'repository:r/img:pull', 'repository:user/image:pull', '*'] as const);
  },
  (draft, draw) => {
    draft.tokenAnswer = draw.of([
      'access_token',
      'empty',
      'null',
      'both',
      'none',
      'unusable',
      'unusable',
    ] as const);
  },
  (draft, draw) => {
    draft.schemes = ['bearer'];
    draft.tokenTroubles = [
      {
        kind: 'redirect',
        status: draw.of(redirectStatuses),
        to: draw.of(['self', 'greedy', 'greedy', 'loop', 'odd'] as const),
      },
    ];
  },
  (draft, draw) => {
    draft.tokenTroubles = troubles(draw);
  },
  (draft, draw) => {
    draft.manifestTroubles = troubles(draw);
  },
  (draft, draw) => {
    draft.blobTroubles = troubles(draw);
  },
  (draft, draw) => {
    draft.ranges = 'yes';
    draft.blobTroubles = Array.from({ length: 8 + draw.below(5) }, () => ({ kind: 'cut' }));
  },
  (draft, draw) => {
    draft.ranges = draw.of(['ignored', 'refused', 'early', 'early'] as const);
    draft.blobTroubles = [{ kind: 'cut' }];
  },
  (draft, draw) => {
    place(draft, draw, draw.of(['self', 'storage'] as const));
  },
  (draft, draw) => {
    place(draft, draw, 'greedy');
  },
  (draft, draw) => {
    place(draft, draw, draw.of(['odd', 'odd', 'loop'] as const));
  },
  (draft, draw) => {
    draft.echoes = true;
    place(draft, draw, 'refused');
  },
  (draft, draw) => {
    draft.mirror = draw.of(['good', 'greedy', 'greedy', 'broken', 'damaging'] as const);
  },
];

export function drawScenario(seed: number): Scenario {
  const draw = new Draw(seed);
  const draft: Draft = {
    login: draw.of([...usableLogins, ...usableLogins, 'none'] as const),
    isNamespaced: draw.once(2),
    noise: Object.fromEntries(
      Array.from({ length: draw.below(4) }, (_, index) => [`h${index}.test`, draw.of(unusableKeys)]),
    ),
    schemes: draw.of<('basic' | 'bearer')[]>([
      ['bearer'],
      ['bearer'],
      ['basic'],
      ['basic', 'bearer'],
      ['bearer', 'basic'],
      [],
    ]),
    realm: draw.of(['registry', 'service', 'service'] as const),
    oddRealm: '',
    style: {
      letters: 'mixed',
      isQuoted: true,
      separator: ',',
      equals: '=',
      inSeveralHeaders: false,
      others: 'none',
      isShuffled: false,
    },
    scope: undefined,
    tokenAnswer: 'token',
    tokenTroubles: [],
    manifestTroubles: [],
    blobTroubles: [],
    manifestsFrom: 'registry',
    blobsFrom: 'registry',
    redirectStatus: draw.of(redirectStatuses),
    oddLocation: draw.of(oddLocations),
    ranges: draw.of(['yes', 'yes', 'ignored', 'refused', 'early'] as const),
    mirror: 'none',
    echoes: draw.once(2),
  };
  // Each deviation occurs in turn, often together with another one.
  oddities[seed % oddities.length]?.(draft, draw);
  for (let left = draw.below(3); left > 0; left -= 1) {
    draw.of(oddities)(draft, draw);
  }
  return { ...draft, isPossible: isPossible(draft) };
}

function place(draft: Draft, draw: Draw, from: Scenario['blobsFrom']): void {
  if (draw.once(2)) {
    draft.manifestsFrom = from;
  } else {
    draft.blobsFrom = from;
  }
}

function troubles(draw: Draw): Trouble[] {
  return Array.from({ length: 1 + draw.below(2) }, (): Trouble =>
    draw.once(2)
      ? { kind: 'cut' }
      : {
          kind: 'status',
          status: draw.of([429, 503, 500, 502] as const),
          retryAfter: draw.of<string | undefined>([
            undefined,
            '1',
            '12',
            '-1',
            'soon',
            'Thu, 01 Jan 1970 00:00:00 GMT',
          ]),
        },
  );
}

/** Decides by the rules in docs/reference/make-sif.md, independently of the code under test. */
function isPossible(scenario: Omit<Scenario, 'isPossible'>): boolean {
  const { login, schemes, realm, tokenAnswer, tokenTroubles, manifestsFrom, blobsFrom } = scenario;
  if (scenario.mirror === 'good' || scenario.mirror === 'damaging') {
    return scenario.mirror === 'good';
  }
  const canFollow = (from: Scenario['blobsFrom']) => ['registry', 'self', 'storage'].includes(from);
  if (!canFollow(manifestsFrom) || !canFollow(blobsFrom)) {
    return false;
  }
  if (schemes.length === 0 || login === 'registry-token') {
    return true;
  }
  const hasPassword = ['auth', 'fields', 'environment', 'helper'].includes(login);
  const bearerWorks =
    schemes.includes('bearer') &&
    realm !== 'odd' &&
    (hasPassword || login === 'identity') &&
    tokenAnswer !== 'none' &&
    tokenAnswer !== 'unusable' &&
    !tokenTroubles.some(
      (trouble) => trouble.kind === 'redirect' && (trouble.to !== 'self' || login === 'identity'),
    );
  const bearerIsTried = schemes.includes('bearer') && realm !== 'odd';
  return bearerIsTried ? bearerWorks : schemes.includes('basic') && hasPassword;
}
