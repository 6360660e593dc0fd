using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker;

/// <summary>A study of one feature, <c>age</c>, with given constants and a split by column.</summary>
internal static class SmallStudy
{
    public const int Rounds = 2;

    public static Study Of(bool perSite, string subgroups = "") => StudyChecker.CheckYaml($$$"""
        protocol: 1
        name: small
        title: One feature of nobody
        purpose: A test of this software
        ethics: Made-up data; no approval needed
        data:
          dataset: rows
          features:
            - {name: age, range: [0, 120], constants: {mean: 60, sd: 10}}
          label: {name: ill}
          split: {column: part}
        model: {kind: logistic-regression}
        federation: {rounds: {{{Rounds}}}, quorum: 1, aggregation: plain}
        evaluation: {every: 1, per-site: {{{(perSite ? "true" : "false")}}}{{{(subgroups.Length == 0 ? "" : $", subgroups: {subgroups}")}}}}
        """).Study ?? throw new InvalidDataException("The study has faults.");
}
