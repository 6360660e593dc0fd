using System.Runtime.CompilerServices;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Protos.WorkerPort;
using Google.Protobuf.Reflection;

namespace FederatedClinicalMl.Tests.Wire;

/// <summary>Holds the wire against what it was: files in tests/Wire/Snapshots, to which lines are only added.</summary>
public sealed class SnapshotTests
{
    private static readonly string Folder = Path.Combine(Path.GetDirectoryName(Here())!, "Snapshots");

    private static readonly Dictionary<string, FileDescriptor> Contracts = new()
    {
        ["federation"] = FederationReflection.Descriptor,
        ["administration"] = AdministrationReflection.Descriptor,
        ["stages"] = StagesReflection.Descriptor,
        ["monitoring"] = MonitoringReflection.Descriptor,
        ["worker_port"] = WorkerPortReflection.Descriptor,
        ["steward"] = StewardReflection.Descriptor,
    };

    [Theory]
    [InlineData("federation")]
    [InlineData("administration")]
    [InlineData("stages")]
    [InlineData("monitoring")]
    [InlineData("worker_port")]
    [InlineData("steward")]
    public void Contract_still_has_every_call_field_and_enum_value_with_the_bytes_it_had(string contract)
    {
        var gone = Recorded(contract).Except(Snapshot.Of(Contracts[contract]));

        Assert.True(!gone.Any(), $"The wire has changed: neighbouring versions would not understand each other. Not as recorded in tests/Wire/Snapshots/{contract}.txt:\n{string.Join('\n', gone)}");
    }

    [Theory]
    [InlineData("federation")]
    [InlineData("administration")]
    [InlineData("stages")]
    [InlineData("monitoring")]
    [InlineData("worker_port")]
    [InlineData("steward")]
    public void Contract_has_nothing_that_is_not_recorded(string contract)
    {
        var added = Snapshot.Of(Contracts[contract]).Except(Recorded(contract));

        Assert.True(!added.Any(), $"New on the wire. If that is meant, add these lines to tests/Wire/Snapshots/{contract}.txt and change none that is there:\n{string.Join('\n', added)}");
    }

    [Fact]
    public void Every_contract_of_the_three_assemblies_is_recorded() => Assert.Equal(
        Directory.GetFiles(Path.Combine(Folder, "../../../protos"), "*.proto", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).Order(),
        Contracts.Keys.Order());

    [Fact]
    public void Line_of_a_field_shows_its_number_its_type_and_its_bytes()
    {
        var lines = Snapshot.Of(FederationReflection.Descriptor).ToList();

        // Number 2 and number 4 of one type; then number 1 as text, as bytes, and as a message.
        Assert.Contains("field fcml.federation.v1.Step.round uint32 10ac02", lines);
        Assert.Contains("field fcml.federation.v1.Step.attempt uint32 20ac02", lines);
        Assert.Contains("field fcml.federation.v1.Step.run string 0a02c3a9", lines);
        Assert.Contains("field fcml.federation.v1.WorkerKey.public_key bytes 0a02ff00", lines);
        Assert.Contains("field fcml.federation.v1.SiteMessage.hello Hello in body 0a00", lines);
        Assert.Contains("call /fcml.federation.v1.Session/Connect stream SiteMessage -> stream CoordinatorMessage", lines);
        Assert.Contains("enum fcml.federation.v1.SiteReason.SITE_REASON_APPROVAL_REVOKED 17", lines);
    }

    private static string[] Recorded(string contract) => [.. File.ReadAllLines(Path.Combine(Folder, $"{contract}.txt")).Where(line => line.Length > 0)];

    private static string Here([CallerFilePath] string file = "") => file;
}
