using System.Globalization;
using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Faults and notes of an import, one by one, for the site's steward: where and what, never a value. The first are kept, the rest is counted.</summary>
internal sealed class FaultFile
{
    private const int Kept = 10_000;

    private readonly StringBuilder _text = new("file,line,element,what\n");
    private int _count;

    /// <summary>The first, in words; empty where there is none.</summary>
    public string First { get; private set; } = "";

    public void Add(string file, long line, string what, string element)
    {
        if (_count++ == 0)
            First = $"{file}:{line.ToString(CultureInfo.InvariantCulture)}: {(element.Length == 0 ? "" : element + ": ")}{what}";
        if (_count <= Kept)
            _text.Append(CultureInfo.InvariantCulture, $"\"{file.Replace("\"", "\"\"", StringComparison.Ordinal)}\",{line},{element},\"{what}\"\n");
    }

    public void WriteTo(Stream stream)
    {
        if (_count > Kept)
            _text.Append(CultureInfo.InvariantCulture, $"\"\",,,\"{_count - Kept} more are not listed\"\n");
        stream.Write(Encoding.UTF8.GetBytes(_text.ToString()));
    }
}
