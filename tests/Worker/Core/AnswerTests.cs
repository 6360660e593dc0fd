using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Core;

/// <summary>What the gateway gets: enums, ids and tickets. That the messages have no room for more is the architecture's test.</summary>
public sealed class AnswerTests : IDisposable
{
    private readonly Site _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Decline_is_its_reason_to_the_byte_and_the_sentence_stays_at_the_site()
    {
        _site.Approve();
        _site.Computer.Meanwhile = (_, _) => throw new StepDeclinedException(Reason.DataUnfit, "Row 17 of Mr Smith is faulty.");
        StepDeclinedException? heard = null;

        var result = _site.Core.Perform(Site.Order(), declined => heard = declined);

        Assert.Equal(new StepResult { Declined = Reason.DataUnfit }.ToByteArray(), result.ToByteArray());
        Assert.Equal("Row 17 of Mr Smith is faulty.", heard!.Message);
    }

    [Fact]
    public void Ticket_names_the_step_and_the_release_and_nothing_else()
    {
        _site.Approve();

        var ticket = _site.Release(Site.Order(Kind.Evaluation, round: 2, attempt: 3));

        var released = _site.Core.State.Releases.Values.Single();
        Assert.Equal(
            new ReleaseTicket
            {
                Run = Site.Run, Round = 2, Kind = Kind.Evaluation, Attempt = 3, File = $"{Site.Run}.2.evaluation.3.release",
                ReleaseDigest = ByteString.CopyFrom(released.Head.Digest.Span), Length = (ulong)released.Head.FileLength,
            },
            ticket);
        Assert.Equal([ticket], _site.Core.Held());
    }

    [Fact]
    public void Status_of_a_study_is_two_enums_signed_with_the_digest_and_says_nothing_of_the_stewards_words()
    {
        _site.Core.Offer(Site.OfferOf(Site.Study));
        _site.Core.Approve(Site.Study.Digest, "grace", "agreed with Mr Smith");

        var status = _site.Core.StatusOf(Site.Study.Digest)!;

        Assert.Equal(
            new StudyStatus { StudyDigest = ByteString.CopyFrom(Site.Study.Digest.Value.Span), State = StudyStatus.Types.State.Approved, Signature = status.Signature }, status);
        var signed = CanonicalJson.Write(new System.Text.Json.Nodes.JsonObject
        {
            ["reason"] = 0, ["site"] = Site.Name.Value, ["state"] = (int)status.State, ["study"] = Site.Study.Digest.ToString(),
        });
        Assert.True(_site.Key.PublicKey.Verify(SignatureContext.Verdict, signed, status.Signature.Span));
    }

    [Fact]
    public void Key_is_proved_for_the_challenge_that_was_sent()
    {
        var challenge = Sha256Digest.Of("challenge"u8);

        var proof = _site.Core.Identify(new IdentifyRequest { Challenge = ByteString.CopyFrom(challenge.Span) });

        Assert.True(new VerifyingKey(proof.PublicKey.ToByteArray()).Verify(SignatureContext.WorkerKey, challenge.Span, proof.Proof.Span));
    }
}
