using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Coordinator.Enrolment;

/// <summary>What a renewed certificate and its predecessor are worth, at three moments of a coordinator's life.</summary>
public sealed class RenewalTests : IDisposable
{
    private static readonly ShiftedTime Enrolment = new(TimeSpan.FromDays(-91)), Renewal = new(TimeSpan.FromDays(-30)), Expiry = new(TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();
    private readonly SigningKey _worker = SigningKey.Create();

    [Fact]
    public async Task Renewed_certificate_works_and_so_does_the_old_one_until_it_expires()
    {
        var data = _folder.Of("data");
        DataFolder.Create(data, ["127.0.0.1"], 0, authority: null, Enrolment).Dispose();
        ClientIdentity old, renewed;
        await using (var coordinator = await RunningCoordinator.StartOverAsync(data, Enrolment))
            old = await coordinator.EnrolSiteAsync("north", _worker);
        await using (var coordinator = await RunningCoordinator.StartOverAsync(data, Renewal))
        {
            renewed = await coordinator.RenewAsync(old);

            Assert.Equal("Welcome", await AnswerAsync(coordinator, renewed));
            Assert.Equal("Welcome", await AnswerAsync(coordinator, old));
        }

        await using (var coordinator = await RunningCoordinator.StartOverAsync(data, Expiry))
        {
            Assert.Equal("Welcome", await AnswerAsync(coordinator, renewed));
            Assert.Equal("CERTIFICATE_EXPIRED", await AnswerAsync(coordinator, old));
        }

        Assert.Equal(old.Subject, renewed.Subject);
        Assert.NotEqual(old.Certificate.GetPublicKeyString(), renewed.Certificate.GetPublicKeyString());
        old.Dispose();
        renewed.Dispose();
    }

    public void Dispose()
    {
        _worker.Dispose();
        _folder.Dispose();
    }

    private Task<string?> AnswerAsync(RunningCoordinator coordinator, ClientIdentity site) => SiteStream.FirstWordAsync(coordinator, site, _worker);
}
