using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>
/// Links that open the dashboard, each once and for one person, who has shown a certificate or a token to get it. Of the code in a link only the digest is kept; a person has one link at a time, so that nobody
/// can fill the memory.
/// </summary>
public sealed class SignInLinks(TimeProvider time)
{
    /// <summary>How long a link serves.</summary>
    public static readonly TimeSpan Valid = TimeSpan.FromMinutes(2);

    private const int CodeLength = 16; // 128 random bits: nobody tries them out in two minutes

    private readonly Lock _turn = new(); // guards the links
    private readonly Dictionary<Member, (Sha256Digest Code, DateTimeOffset Expires, DateTimeOffset? Until)> _links = [];

    /// <summary>Where the dashboard is; null: nowhere.</summary>
    public Uri? Dashboard { get; set; }

    /// <summary>Makes a link for a person; one that they had serves no more.</summary>
    /// <param name="person">The person.</param>
    /// <param name="until">Until when what the person has shown is good: no session outlasts it; null: a certificate, whose revocation ends sessions.</param>
    /// <exception cref="FaultException">DASHBOARD_OFF.</exception>
    public (string Link, DateTimeOffset Expires) Make(Member person, DateTimeOffset? until)
    {
        ArgumentNullException.ThrowIfNull(person);
        var dashboard = Dashboard ?? throw new FaultException(Fault.DashboardOff);
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(CodeLength));
        var expires = time.GetUtcNow() + Valid;
        lock (_turn)
        {
            _links.Remove(person); // with the credential that they had shown then
            _links.Add(person, (DigestOf(code), expires, until));
        }

        return (new Uri(dashboard, $"{Routes.SignIn}?code={code}").AbsoluteUri, expires);
    }

    /// <summary>The person whose link has this code, which serves no more, and until when they may stay; null where there is none, or it has expired.</summary>
    public (Member Person, DateTimeOffset? Until)? Redeem(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        var digest = DigestOf(code);
        lock (_turn)
        {
            var (person, link) = _links.FirstOrDefault(link => link.Value.Code == digest);
            if (person is null)
                return null;
            _links.Remove(person);
            return link.Expires > time.GetUtcNow() ? (person, link.Until) : null;
        }
    }

    /// <summary>Takes a person's link back.</summary>
    public void Withdraw(Member person)
    {
        lock (_turn)
            _links.Remove(person);
    }

    private static Sha256Digest DigestOf(string code) => Sha256Digest.Of(Encoding.UTF8.GetBytes(code));
}
