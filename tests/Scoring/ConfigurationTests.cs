using System.Text.RegularExpressions;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.SiteAgent.Scoring;
using FederatedClinicalMl.Tests.Coordinator;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;

namespace FederatedClinicalMl.Tests.Scoring;

public sealed partial class ConfigurationTests
{
    private const string Least = "site: north\nserving: serving\ntime-zone: UTC\n";

    [Theory]
    [InlineData("listen: 0.0.0.0:8630\n", "answers about patients would cross the network in the open")]
    [InlineData("listen: 192.0.2.1:8630\n", "certificate")]
    [InlineData("listen: localhost\n", "an address and a port")]
    [InlineData("listen: 127.0.0.1\n", "an address and a port")]
    [InlineData("keep-predictions-days: 0\n", "whole number")]
    [InlineData("guard: {errors: 2}\n", "number from 0 to 1")]
    [InlineData("guard: {error: 0.1}\n", "no key 'error'")]
    [InlineData("certificate-password-file: x\n", "no certificate")]
    [InlineData("more: 1\n", "no key 'more'")]
    public void Configuration_with_a_fault_is_refused(string yaml, string says)
    {
        var faults = new List<ConfigurationFault>();
        ScoringConfiguration.Read(Least + yaml, "/", faults);
        Assert.Contains(says, Assert.Single(faults).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("listen: 0.0.0.0:8630\ncertificate: site.pfx\n")]
    [InlineData("listen: \"[::1]:8630\"\n")]
    [InlineData("guard: {window-minutes: 5, in-the-large: 0.1}\nrows: 10\nburst: 5\nmapping: m.yaml\n")]
    public void Configuration_without_a_fault_is_read(string yaml)
    {
        var faults = new List<ConfigurationFault>();
        Assert.NotNull(ScoringConfiguration.Read(Least + yaml, "/", faults));
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Key_is_shown_once_and_only_its_digest_is_kept()
    {
        using var folder = new TemporaryFolder();
        var data = folder.Of("scoring");
        Assert.Equal(0, await CommandLine.RunAsync(["init", "--data", data, "--site", "north", "--serving", folder.Of("serving")]));
        var clients = ClientKeys.ReadFile(Path.Join(data, "clients.yaml")).Add("ehr", out var key);
        Assert.Equal("ehr", clients.Find(key));
        Assert.Null(clients.Find(key + "x"));
        Assert.Null(clients.Find(new string('x', 4096)));
        Assert.DoesNotContain(key, clients.ToYaml(), StringComparison.Ordinal);
        Assert.Equal(0, await CommandLine.RunAsync(["keys", "add", "ehr", "--data", data]));
        Assert.Equal(4, await CommandLine.RunAsync(["keys", "add", "ehr", "--data", data]));
        Assert.Equal(0, await CommandLine.RunAsync(["keys", "remove", "ehr", "--data", data]));
        Assert.Empty(ClientKeys.ReadFile(Path.Join(data, "clients.yaml")).Clients);
        foreach (var file in OperatingSystem.IsWindows() ? [] : Directory.GetFiles(data))
        {
#pragma warning disable CA1416 // never on Windows
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
#pragma warning restore CA1416
        }
    }

    [Fact]
    public async Task Openapi_document_has_every_call_that_is_served_and_no_other()
    {
        await using var site = await Site.StartAsync();
        var document = await site.GetAsync("/openapi/v1.json");
        var described = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(call => $"{call.Key.ToUpperInvariant()} {path.Key}")).Order(StringComparer.Ordinal);
        var served = site.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => !endpoint.RoutePattern.RawText!.StartsWith("/openapi", StringComparison.Ordinal))
            .Select(endpoint => $"{endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods.Single()} {endpoint.RoutePattern.RawText!.TrimEnd('/')}").Order(StringComparer.Ordinal);

        Assert.StartsWith("3.", document["openapi"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(served, described);
        var score = document["components"]!["schemas"]!["ScoreCall"]!["properties"]!.AsObject();
        Assert.Equal(["at", "bundle", "features", "patient", "rows"], score.Select(field => field.Key).Order(StringComparer.Ordinal));
        foreach (var reference in References().Matches(document.ToJsonString()).Select(match => match.Groups[1].Value))
            Assert.True(document["components"]!["schemas"]!.AsObject().ContainsKey(reference), reference);
    }

    [GeneratedRegex("#/components/schemas/([A-Za-z0-9]+)")]
    private static partial Regex References();
}
