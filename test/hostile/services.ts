/** The source of a service that does with its methods what it should not. */
export const hostile = (members: string): string =>
  `import { Refusal, Service } from "solo:service";\nexport default class Hostile extends Service {\n${members}\n}\n`;
