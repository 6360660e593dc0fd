namespace FederatedClinicalMl.Tests.Architecture;

public sealed class WireRulesTests
{
    private static readonly ProtoFile Federation = ProtoFile.Parse(Repository.Read("protos/Federation/federation.proto"));
    private static readonly ProtoFile WorkerPort = ProtoFile.Parse(Repository.Read("protos/WorkerPort/worker_port.proto"));

    private static readonly ProtoFile Planted = ProtoFile.Parse("""
        service Port {
          rpc Ask(Question) returns (stream Answer); // a comment with returns (Nothing)
        }
        message Question {}
        message Answer {
          oneof body {
            Part part = 1;
            uint32 number = 2;
          }
          enum Kind {
            KIND_UNSPECIFIED = 0;
            KIND_GOOD = 1;
          }
          repeated string names = 3;
        }
        message Part {
          string note = 1;
        }
        """);

    [Theory]
    [InlineData("Reason", "REASON_", "SiteReason", "SITE_REASON_")]
    [InlineData("StudyStatus.State", "STATE_", "StudyVerdict.State", "STATE_")]
    [InlineData("StepOrder.Kind", "KIND_", "Step.Kind", "KIND_")]
    [InlineData("ServingStatus.State", "STATE_", "ServingReport.State", "STATE_")]
    [InlineData("ModelWithdrawal.Reason", "REASON_", "ModelWithdrawn.Reason", "REASON_")]
    [InlineData("SettleRequest.Outcome", "OUTCOME_", "StepSettled.Outcome", "OUTCOME_")]
    public void Worker_port_and_federation_number_alike(string port, string portPrefix, string federation, string federationPrefix) =>
        House.Keeps(WireRules.EnumDifferences(WorkerPort.Enums[port], portPrefix, Federation.Enums[federation], federationPrefix));

    [Fact]
    public void Worker_answers_the_gateway_without_free_text() =>
        House.Keeps(WireRules.FreeTextInReplies(WorkerPort, "ReleaseTicket.run", "ReleaseTicket.file"));

    [Fact]
    public void Proto_text_is_read()
    {
        Assert.Equal(["Answer"], Planted.Replies);
        Assert.Equal(1, Planted.Enums["Answer.Kind"]["KIND_GOOD"]);
        Assert.Equal([new ProtoField("Part", "part"), new ProtoField("uint32", "number"), new ProtoField("string", "names")], Planted.Messages["Answer"]);
    }

    [Fact]
    public void Text_in_an_answer_or_its_parts_is_found() =>
        Assert.Equal(["Answer.names is text.", "Part.note is text."], WireRules.FreeTextInReplies(Planted).Order(StringComparer.Ordinal));

    [Fact]
    public void Enums_that_differ_are_found()
    {
        var reason = WorkerPort.Enums["Reason"];
        var other = reason.ToDictionary(value => "SITE_" + value.Key, value => value.Key == "REASON_STORAGE_FULL" ? 99 : value.Value);
        other.Remove("SITE_REASON_LOG_BROKEN");
        Assert.Equal(2, WireRules.EnumDifferences(reason, "REASON_", System.Collections.Immutable.ImmutableDictionary.CreateRange(other), "SITE_REASON_").Count());
    }
}
