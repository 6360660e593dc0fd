using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using State = FederatedClinicalMl.Protos.WorkerPort.StudyStatus.Types.State;

namespace FederatedClinicalMl.Tests.Worker.Core;

/// <summary>What others may write into the log: never an entry that the worker itself would refuse at its next start.</summary>
public sealed class LogTests : IDisposable
{
    private readonly Site _site = new();

    public void Dispose() => _site.Dispose();

    [Theory]
    [InlineData(4096)]
    [InlineData(4097)]
    public void Note_of_any_length_is_logged_or_refused_and_breaks_nothing(int length)
    {
        _site.Core.Offer(Site.OfferOf(Site.Study));

        Assert.Equal(length > 4096, Refused(() => _site.Core.Approve(Site.Study.Digest, "grace", new string('n', length))));

        IsSound(decisions: length > 4096 ? 0 : 1);
    }

    [Theory]
    [InlineData(256)]
    [InlineData(257)]
    public void Name_of_a_steward_of_any_length_is_logged_or_refused_and_breaks_nothing(int length)
    {
        _site.Core.Offer(Site.OfferOf(Site.Study));

        Assert.Equal(length > 256, Refused(() => _site.Core.Refuse(Site.Study.Digest, new string('s', length), "")));

        IsSound(decisions: length > 256 ? 0 : 1);
    }

    [Fact]
    public void Submitter_whose_certificate_has_an_endless_name_is_not_taken_over_and_breaks_nothing()
    {
        var status = _site.Core.Offer(Site.OfferOf(Site.Study, submitter: "urn:fcml:person:researcher:" + new string('a', 600)));

        Assert.Equal((State.Refused, Reason.StudySignatureWrong), (status.State, status.Reason));
        IsSound(decisions: 0);
        Assert.Empty(_site.Kinds);
    }

    private static bool Refused(Action verb)
    {
        try
        {
            verb();
            return false;
        }
        catch (StewardException)
        {
            return true;
        }
    }

    private void IsSound(int decisions)
    {
        _site.Restart();
        Assert.Null(_site.Core.Broken);
        Assert.Equal(decisions, _site.Kinds.Count(kind => kind != WorkerEntries.StudyOffered));
    }
}
