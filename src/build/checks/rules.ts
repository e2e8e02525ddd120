/** The rules that a Dockerfile is checked by, by the names that users of BuildKit know, and what each is about. */
export const rules = {
  StageNameCasing: 'Stage names should be lowercase',
  FromAsCasing: "The 'as' keyword should match the case of the 'from' keyword",
  NoEmptyContinuation: 'Empty continuation lines will become errors in a future release',
  ConsistentInstructionCasing: 'All commands within the Dockerfile should use the same casing',
  DuplicateStageName: 'Stage names should be unique',
  ReservedStageName: 'Reserved words should not be used as stage names',
  JSONArgsRecommended: 'JSON arguments recommended for ENTRYPOINT/CMD: a shell in front does not pass signals on',
  MaintainerDeprecated: 'A label names the author; the MAINTAINER instruction is deprecated',
  UndefinedArgInFrom: 'FROM must use declared ARGs',
  WorkdirRelativePath: 'A relative WORKDIR without an absolute one before it depends on the base image',
  UndefinedVar: 'Variables should be defined before their use',
  MultipleInstructionsDisallowed: 'Only the last of several instructions of the same type has an effect in a stage',
  LegacyKeyValueFormat: 'Legacy key/value format with whitespace separator should not be used',
  RedundantTargetPlatform: '$TARGETPLATFORM is the platform that FROM uses anyway',
  SecretsUsedInArgOrEnv: 'Sensitive data should not be used in the ARG or ENV commands',
  InvalidDefaultArgInFrom: 'The default value of a global ARG should give a valid base image',
  FromPlatformFlagConstDisallowed: 'FROM --platform should not use a constant value',
  CopyIgnoredFile: 'What is copied should not be excluded by .dockerignore',
  InvalidDefinitionDescription: 'A comment right above a stage or argument should begin with its name',
  ExposeProtoCasing: 'The protocol in EXPOSE should be lowercase',
  ExposeInvalidFormat: 'EXPOSE takes a port and a protocol, no address and no port of the host',
} as const satisfies Readonly<Record<string, string>>

export type RuleName = keyof typeof rules

/** Rules that are followed only where the Dockerfile asks for them (`# check=experimental=…`). */
export const experimental: readonly RuleName[] = ['InvalidDefinitionDescription']

/** BuildKit's page about a rule. */
export function pageOf(rule: RuleName): string {
  const slug = rule.replaceAll(/([a-z])([A-Z])|([A-Z])([A-Z][a-z])/g, '$1$3-$2$4').toLowerCase()
  return `https://docs.docker.com/go/dockerfile/rule/${slug}/`
}
