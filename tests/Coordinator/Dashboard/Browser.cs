using System.Net;
using System.Text.RegularExpressions;

namespace FederatedClinicalMl.Tests.Coordinator.Dashboard;

/// <summary>A browser as far as HTTP goes: keeps cookies, follows nothing, and fills in forms with the token of the page that they are on.</summary>
internal sealed partial class Browser : IDisposable
{
    private readonly HttpClientHandler _handler = new() { AllowAutoRedirect = false, UseProxy = false };
    private readonly HttpClient _http;

    public Browser(Uri dashboard)
    {
        _handler.ServerCertificateCustomValidationCallback = (_, certificate, _, _) =>
        {
            Shown = certificate?.GetNameInfo(System.Security.Cryptography.X509Certificates.X509NameType.SimpleName, forIssuer: false);
            return true; // what is shown is the test's to judge
        };
        _http = new HttpClient(_handler) { BaseAddress = dashboard };
    }

    public CookieContainer Cookies => _handler.CookieContainer;

    /// <summary>Whose certificate the server has shown.</summary>
    public string? Shown { get; private set; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public Task<HttpResponseMessage> GetAsync(string path) => _http.GetAsync(new Uri(path, UriKind.RelativeOrAbsolute), Stop);

    public async Task<string> ReadAsync(string path)
    {
        using var response = await GetAsync(path);
        Assert.Equal((path, HttpStatusCode.OK), (path, response.StatusCode));
        return await response.Content.ReadAsStringAsync(Stop);
    }

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => _http.SendAsync(request, Stop);

    /// <summary>Sends a form, with the token of a page.</summary>
    public async Task<HttpResponseMessage> PostAsync(string page, string action, params (string Name, string Value)[] fields)
    {
        var token = Token().Match(await ReadAsync(page)).Groups["token"].Value;
        return await PostAsync(action, [.. fields, ("form-token", token)]);
    }

    /// <summary>Sends a form as it is.</summary>
    public async Task<HttpResponseMessage> PostAsync(string action, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));
        return await _http.PostAsync(new Uri(action, UriKind.Relative), form, Stop);
    }

    public void Dispose()
    {
        _http.Dispose();
        _handler.Dispose();
    }

    [GeneratedRegex("name=\"form-token\" value=\"(?<token>[^\"]+)\"")]
    private static partial Regex Token();
}
