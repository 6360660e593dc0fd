using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using Fault = FederatedClinicalMl.Coordinator.Api.Fault;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>Holds docs/reference/faults.md against the catalogue: every fault one row, with its status and sentence, and no other.</summary>
public sealed partial class FaultPageTests
{
    private static readonly string[] Sections = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/reference/faults.md")).Split("\n## ");

    [Fact]
    public void Faults_of_calls_are_those_of_the_page() => Assert.Equal(
        Fault.All.Select(fault => $"| `{fault.Code}` | {fault.Grpc} | {fault.Http} | {fault.Sentence} |"), Rows("Calls and transfers"));

    [Fact]
    public void Faults_of_runs_are_those_of_the_page() => Assert.Equal(
        Enum.GetValues<RoundFault>().Select(fault => $"| `{RoundFaults.Code(fault)}` | {RoundFaults.Sentence(fault)} |"), Rows("Runs and releases"));

    [Fact]
    public void Reasons_of_sites_are_those_of_the_wire() => Assert.Equal(
        Enum.GetValues<SiteReason>().Where(reason => reason != SiteReason.Unspecified).Select(reason => $"| `{Upper(reason.ToString())}` | {(int)reason} | "),
        Rows("What a site says").Select(row => ReasonStart().Match(row).Value));

    [Fact]
    public void Catalogue_names_every_fault_once() => Assert.Equal(
        typeof(Fault).GetFields().Where(field => field.FieldType == typeof(Fault)).Select(field => ((Fault)field.GetValue(null)!).Code).Order(),
        Fault.All.Select(fault => fault.Code).Distinct().Order());

    private static IEnumerable<string> Rows(string section) =>
        Sections.Single(text => text.StartsWith(section, StringComparison.Ordinal)).Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal));

    private static string Upper(string name) => Capital().Replace(name, "_$0").ToUpperInvariant();

    [GeneratedRegex(@"^\| `\w+` \| \d+ \| (?=\S)")]
    private static partial Regex ReasonStart();

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex Capital();

    private static string Here([CallerFilePath] string file = "") => file;
}
