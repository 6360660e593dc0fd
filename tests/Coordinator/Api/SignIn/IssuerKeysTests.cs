using System.Security.Cryptography;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>Where the issuer's keys come from, what goes on while it is down, and what time ends.</summary>
public sealed class IssuerKeysTests : IAsyncLifetime
{
    private const string Admins = SignInRig.Admins;

    private readonly SignInRig _rig = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _rig.InitializeAsync();

    [Fact]
    public async Task Key_that_the_issuer_has_added_is_found_and_made_up_ones_cause_no_more_requests()
    {
        Assert.Null(await _rig.AskAsync(_rig.Issuer.Token("ann", Admins)));
        using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        for (var i = 0; i < 5; i++)
            Assert.Equal("TOKEN_INVALID", await _rig.AskAsync(_rig.Issuer.Sign(_rig.Issuer.Claims("ann", Admins), $"made-up-{i}", with: made)));
        Assert.Equal(1, _rig.Issuer.Asked);

        _rig.Issuer.Add("next", made);
        _rig.Time.Shift += IssuerKeys.Pause;

        Assert.Null(await _rig.AskAsync(_rig.Issuer.Sign(_rig.Issuer.Claims("ann", Admins), "next")));
    }

    [Fact]
    public async Task Key_that_the_issuer_has_withdrawn_is_used_for_an_hour_at_most()
    {
        var token = _rig.Issuer.Sign(_rig.Late(_rig.Issuer.Claims("ann", Admins)), "ec");
        Assert.Null(await _rig.AskAsync(token));
        _rig.Issuer.Remove("ec");

        _rig.Time.Shift += IssuerKeys.Fresh;

        Assert.Equal("TOKEN_INVALID", await _rig.AskAsync(token));
    }

    [Fact]
    public async Task Kept_keys_go_on_for_a_day_while_the_issuer_is_down()
    {
        Assert.Null(await _rig.AskAsync(_rig.Issuer.Token("ann", Admins)));
        _rig.Issuer.IsDown = true;

        _rig.Time.Shift += IssuerKeys.Usable - TimeSpan.FromMinutes(1);
        Assert.Null(await _rig.AskAsync(_rig.Issuer.Sign(_rig.Late(_rig.Issuer.Claims("ann", Admins)))));
        _rig.Time.Shift += TimeSpan.FromMinutes(2);

        Assert.Equal("ISSUER_UNREACHABLE", await _rig.AskAsync(_rig.Issuer.Sign(_rig.Late(_rig.Issuer.Claims("ann", Admins)))));
    }

    [Fact]
    public async Task Issuer_that_is_down_from_the_start_lets_nobody_in_and_certificates_go_on()
    {
        _rig.Issuer.IsDown = true;
        using var ada = await Person.EnrolAsync(_rig.Coordinator, Roles.Admin, "ada");
        using var client = new BareClient(_rig.Coordinator, ada.Identity.Certificate);

        Assert.Equal("ISSUER_UNREACHABLE", await _rig.AskAsync(_rig.Issuer.Token("ann", Admins)));
        Assert.Null(await client.SendAsync(HttpMethod.Get, "/v1/runs"));
    }

    [Fact]
    public async Task Discovery_document_of_another_issuer_gives_no_keys()
    {
        _rig.Issuer.Claimed = "https://login.example.org";

        Assert.Equal("ISSUER_UNREACHABLE", await _rig.AskAsync(_rig.Issuer.Token("ann", Admins)));
    }

    [Fact]
    public async Task Stream_ends_when_the_token_of_the_one_who_listens_does()
    {
        using var ada = await Person.EnrolAsync(_rig.Coordinator, Roles.Admin, "ada");
        var study = BenchmarkStudy.For("north");
        await ada.SubmitAsync(study);
        using var response = await _rig.Client.AskAsync(HttpMethod.Get, $"/v1/studies/{study.Digest}/summaries", token: _rig.Issuer.Token("ann", Admins));
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(Stop));
        Assert.NotNull(await lines.ReadLineAsync(Stop));

        _rig.Time.RingIn(TimeSpan.FromSeconds(300) + BearerTokens.Skew);

        await Assert.ThrowsAnyAsync<IOException>(async () => await lines.ReadLineAsync(Stop));
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();
}
