using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>The link that opens the console, once. There is one at a time, and only its digest is kept.</summary>
internal sealed class SignInLink(TimeProvider time)
{
    /// <summary>How long a link serves.</summary>
    public static readonly TimeSpan Valid = TimeSpan.FromMinutes(10);

    private const int Length = 16; // 128 random bits: nobody tries them out in ten minutes

    private readonly Lock _turn = new(); // guards the link, of which two requests must not both be the first
    private (Sha256Digest Code, DateTimeOffset Expires)? _link;

    /// <summary>128 random bits, as they stand in an address.</summary>
    public static string Draw() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Length));

    /// <summary>A new code; the one before serves no more.</summary>
    public string Make()
    {
        var code = Draw();
        lock (_turn)
            _link = (DigestOf(code), time.GetUtcNow() + Valid);
        return code;
    }

    /// <summary>Whether this is the code of the link, which serves no more.</summary>
    public bool Redeem(string code)
    {
        var digest = DigestOf(code);
        lock (_turn)
        {
            if (_link is not { } link || link.Code != digest)
                return false;
            _link = null;
            return link.Expires > time.GetUtcNow();
        }
    }

    private static Sha256Digest DigestOf(string code) => Sha256Digest.Of(Encoding.UTF8.GetBytes(code));
}
