using System.Security.Cryptography;
using System.Text;

namespace FederatedClinicalMl.Cli.Demo.Splitting;

/// <summary>Which of a demo's sites an identifier belongs to: its SHA-256, as an unsigned number with the highest byte first, modulo the number of sites.</summary>
internal static class SiteHash
{
    /// <summary>Index of the site, from 0.</summary>
    public static int Of(string identifier, int sites) => SHA256.HashData(Encoding.UTF8.GetBytes(identifier)).Aggregate(0, (rest, digit) => ((rest << 8) | digit) % sites);
}
