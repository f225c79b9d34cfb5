// The part of After Effects' object model that a script of ours may use; whatever else it asks for is an error.
// stacks: the layers of each comp by its name, from above to below; layers, markers: of all comps.
var log = {imports: [], layers: [], markers: [], comps: [], stacks: {}, undo: []};

function guard(object, name) {
    // Writing to a property that After Effects does not have would pass unseen: so all that may be written is listed.
    return Object.seal(object);
}

function File(path) {
    this.path = path;
    this.exists = existing.indexOf(path) >= 0;
    this.fsName = path;
    this.parent = {fsName: path.replace(/\/[^\/]*$/, "")};
}

// ExtendScript lets File be called without new.
var makeFile = File;
File = function (path) { return new makeFile(path); };

var $ = {fileName: scriptPath};
var AlphaMode = {IGNORE: "ignore", STRAIGHT: "straight", PREMULTIPLIED: "premultiplied"};

function ImportOptions(file) {
    this.file = file;
    this.sequence = false;
    this.forceAlphabetical = true;
    Object.seal(this);
}

function MarkerValue(comment) {
    this.comment = comment;
}

function Layer(item) {
    this.item = item;
    this.name = item.name;
    this.startTime = 0;
    this.inPoint = 0;
    this.outPoint = 0;
    this.enabled = true;
    Object.seal(this);
}

var app = {
    beginUndoGroup: function (name) { log.undo.push("begin " + name); },
    endUndoGroup: function () { log.undo.push("end"); },
    project: {
        importFile: function (options) {
            // How many frames there are of each, as the test says, at the rate that they are conformed to.
            var item = guard({
                name: options.file.path,
                get duration() { return (frameCounts[options.file.path] || 0) / item.mainSource.conformFrameRate; },
                mainSource: guard({
                    conformFrameRate: 0, hasAlpha: withAlpha, alphaMode: "guessed", premulColor: [1, 1, 1]
                })
            });
            log.imports.push({file: options.file.path, sequence: options.sequence, alphabetical: options.forceAlphabetical,
                              item: item});
            return item;
        },
        items: {
            addComp: function (name, width, height, aspect, duration, rate) {
                var comp = guard({
                    name: name, width: width, height: height, pixelAspect: aspect, duration: duration, frameRate: rate,
                    displayStartTime: 0, dropFrame: true, opened: false,
                    layers: {add: function (item) {
                        var layer = new Layer(item);
                        // A layer that is added lies above all others.
                        log.layers.unshift(layer);
                        log.stacks[name].unshift(layer);
                        return layer;
                    }},
                    markerProperty: {setValueAtTime: function (time, value) {
                        log.markers.push({time: time, comment: value.comment});
                    }},
                    openInViewer: function () { this.opened = true; }
                });
                log.comps.push(comp);
                log.stacks[name] = [];
                return comp;
            }
        }
    }
};
