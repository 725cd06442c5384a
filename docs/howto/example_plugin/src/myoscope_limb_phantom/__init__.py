"""An example modality for myoscope: a limb phantom with an insert of muscle and one of bone."""
