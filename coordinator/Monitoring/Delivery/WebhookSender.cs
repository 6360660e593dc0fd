using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>
/// Delivers by a POST of the message's JSON, whose bytes are signed: header <c>Fcml-Signature: sha256=...</c>, HMAC-SHA256 under the secret of the channel's file over the delivery's number, a dot and the
/// body. Goes nowhere but to the address that the file names: no redirects, no proxy of the environment, no cookies.
/// </summary>
public sealed class WebhookSender : IAlertSender, IDisposable
{
    /// <summary>Header of the signature.</summary>
    public const string SignatureHeader = "Fcml-Signature";

    /// <summary>Header of the delivery's number.</summary>
    public const string DeliveryHeader = "Fcml-Delivery";

    private const int ShortestSecret = 16;

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>The signature of a message.</summary>
    public static string Sign(ReadOnlySpan<byte> secret, long delivery, string payload) =>
        $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{delivery}.{payload}"))))}";

    /// <inheritdoc/>
    public async Task SendAsync(Channel channel, Delivery delivery, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        var webhook = (WebhookChannel)channel;
        var secret = SecretFile.Read(webhook.SecretFile);
        if (secret.Length < ShortestSecret)
            throw new DeliveryException($"The secret of '{channel.Name}' has fewer than {ShortestSecret} bytes. Draw a longer one.");
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Address)
        {
            Content = new StringContent(delivery.Payload, new MediaTypeHeaderValue("application/json", "utf-8")),
        };
        request.Headers.Add(DeliveryHeader, delivery.Id.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(SignatureHeader, Sign(secret, delivery.Id, delivery.Payload));
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (!response.IsSuccessStatusCode)
                throw new DeliveryException($"The webhook answered {(int)response.StatusCode}; 2xx is needed.") { IsOfTheMessage = IsRefusal(response.StatusCode) };
        }
        catch (HttpRequestException failed)
        {
            throw new DeliveryException($"The webhook cannot be reached ({failed.HttpRequestError}). Look at the way to it, and at its certificate.", failed);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    // 4xx speaks of the request; but for these two, which speak of the time.
    private static bool IsRefusal(HttpStatusCode status) => (int)status is >= 400 and < 500 && status is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests);
}

/// <summary>Files with secrets that <c>alerts.yaml</c> names.</summary>
internal static class SecretFile
{
    private const int Longest = 4096;

    /// <summary>Reads a secret, without the line end that editors add.</summary>
    public static byte[] Read(string path)
    {
        try
        {
            if (new FileInfo(path) is { Length: > Longest })
                throw new DeliveryException($"A secret's file has more than {Longest} bytes. Name the right file in {RulesFile.File}.");
            return Encoding.UTF8.GetBytes(File.ReadAllText(path).TrimEnd('\r', '\n'));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new DeliveryException($"A secret's file cannot be read ({unreadable.GetType().Name}). Look at its path in {RulesFile.File} and at this account's rights on it.", unreadable);
        }
    }
}
