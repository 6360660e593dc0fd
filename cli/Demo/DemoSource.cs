namespace FederatedClinicalMl.Cli.Demo;

/// <summary>Finds out what a demo is over, by looking.</summary>
internal static class DemoSource
{
    /// <summary>Lays out each hospital's data.</summary>
    /// <param name="named">Folder with data; null: hospitals are made.</param>
    /// <param name="patients">How many patients a made hospital has.</param>
    /// <param name="folder">Where to lay them out.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Stops.</param>
    public static IDemoData Prepare(string? named, int patients, string folder, TimeProvider time, CancellationToken cancel)
    {
        if (named is null)
            return DemoEvents.Synthetic(patients, folder, time, cancel);
        if (!Directory.Exists(named))
            throw new CliException(ExitCode.Usage, $"The folder '{named}' of --data is not there.");
        if (UciHeart.IsIn(named))
            return DemoTables.OfUci(named, folder);
        return DemoEvents.Divide(named, folder, time, cancel) ?? throw new CliException(
            ExitCode.Usage,
            $"'{named}' holds nothing that the demo knows: not the four files 'processed.HOSPITAL.data' of the UCI heart disease data, no FHIR bulk export (*.ndjson, *.ndjson.gz), and no OMOP tables (person.csv, person.csv.gz). Name the folder that holds the files themselves.");
    }
}
