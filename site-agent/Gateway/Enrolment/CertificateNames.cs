using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>The names by which the parties know each other: URIs in a certificate's subject alternative name (RFC 5280, 4.2.1.6).</summary>
public static class CertificateNames
{
    /// <summary>The coordinator's name. The authority also issues to sites and people: without this name a site could pose as coordinator.</summary>
    public const string Coordinator = "urn:fcml:coordinator";

    private const string SubjectAlternativeName = "2.5.29.17";

    /// <summary>The URIs that a certificate carries; none where it carries none or they cannot be read.</summary>
    public static IReadOnlyList<string> UrisOf(X509Certificate2 certificate)
    {
        if (certificate.Extensions[SubjectAlternativeName] is not { } extension)
            return [];
        var uri = new Asn1Tag(TagClass.ContextSpecific, 6);
        var uris = new List<string>();
        try
        {
            var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            while (names.HasData)
            {
                if (names.PeekTag().HasSameClassAndValue(uri))
                    uris.Add(names.ReadCharacterString(UniversalTagNumber.IA5String, uri));
                else
                    names.ReadEncodedValue();
            }
        }
        catch (AsnContentException)
        {
            return []; // a name that cannot be read is no name
        }

        return uris;
    }
}
