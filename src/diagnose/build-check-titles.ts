import type { RuleName } from '#build/checks/rules.ts'

/** The titles of the build checks in Korean; their English ones are known by BuildKit's users. */
export const koreanTitles: Readonly<Record<RuleName, string>> = {
  StageNameCasing: '스테이지 이름은 소문자로 적습니다',
  FromAsCasing: 'as 키워드의 대소문자를 FROM과 맞춥니다',
  NoEmptyContinuation: '이어지는 줄 사이의 빈 줄은 앞으로 오류가 됩니다',
  ConsistentInstructionCasing: '한 Dockerfile 안에서 명령어의 대소문자를 통일합니다',
  DuplicateStageName: '스테이지 이름이 겹칩니다',
  ReservedStageName: '예약어는 스테이지 이름으로 쓸 수 없습니다',
  JSONArgsRecommended: 'ENTRYPOINT/CMD는 JSON 배열로 적습니다. 앞에 있는 셸은 신호를 전달하지 않습니다',
  MaintainerDeprecated: 'MAINTAINER는 더 이상 쓰지 않습니다. 작성자는 LABEL로 적습니다',
  UndefinedArgInFrom: 'FROM에 선언되지 않은 ARG를 썼습니다',
  WorkdirRelativePath: '상대 경로 WORKDIR의 위치는 베이스 이미지에 따라 달라집니다',
  UndefinedVar: '정의되지 않은 변수를 썼습니다',
  MultipleInstructionsDisallowed: '한 스테이지에 같은 명령어가 여럿이면 마지막 것만 적용됩니다',
  LegacyKeyValueFormat: '공백으로 나눈 옛 형식 대신 키=값 형식으로 적습니다',
  RedundantTargetPlatform: 'FROM은 원래 $TARGETPLATFORM을 쓰므로 적을 필요가 없습니다',
  SecretsUsedInArgOrEnv: 'ARG나 ENV에 비밀 값을 넣지 않습니다',
  InvalidDefaultArgInFrom: '전역 ARG의 기본값으로 올바른 베이스 이미지를 만들 수 없습니다',
  FromPlatformFlagConstDisallowed: 'FROM --platform에 고정된 값을 쓰지 않습니다',
  CopyIgnoredFile: '복사하려는 파일이 .dockerignore에서 제외되어 있습니다',
  InvalidDefinitionDescription: '스테이지나 인자 바로 위의 주석은 그 이름으로 시작합니다',
  ExposeProtoCasing: 'EXPOSE의 프로토콜은 소문자로 적습니다',
  ExposeInvalidFormat: 'EXPOSE에는 포트와 프로토콜만 적습니다. 주소나 호스트 포트는 적지 않습니다',
}
