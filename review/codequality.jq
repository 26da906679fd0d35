# A SARIF log as GitLab's code quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format

[
  .runs[].results[]
  | .locations[0].physicalLocation as $place
  | {
      description: .message.text,
      check_name: .ruleId,
      fingerprint: .partialFingerprints["meaning/v1"],
      severity: ({error: "critical", warning: "major", note: "info"}[.level] // "major"),
      location: {path: $place.artifactLocation.uri, lines: {begin: ($place.region.startLine // 1)}}
    }
]
